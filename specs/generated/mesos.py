"""Made by deploy/protoc.py from specs/proto/mesos.proto: do not edit."""

MESSAGES: dict[str, str] = {
    "mesos.v1.FrameworkID": """
required string value 1
""",
    "mesos.v1.OfferID": """
required string value 1
""",
    "mesos.v1.AgentID": """
required string value 1
""",
    "mesos.v1.TaskID": """
required string value 1
""",
    "mesos.v1.ExecutorID": """
required string value 1
""",
    "mesos.v1.ContainerID": """
required string value 1
optional mesos.v1.ContainerID parent 2
""",
    "mesos.v1.ResourceProviderID": """
required string value 1
""",
    "mesos.v1.OperationID": """
required string value 1
""",
    "mesos.v1.TimeInfo": """
required int64 nanoseconds 1
""",
    "mesos.v1.DurationInfo": """
required int64 nanoseconds 1
""",
    "mesos.v1.Address": """
optional string hostname 1
optional string ip 2
required int32 port 3
""",
    "mesos.v1.URL": """
required string scheme 1
required mesos.v1.Address address 2
optional string path 3
repeated mesos.v1.Parameter query 4
optional string fragment 5
""",
    "mesos.v1.Unavailability": """
required mesos.v1.TimeInfo start 1
optional mesos.v1.DurationInfo duration 2
""",
    "mesos.v1.MachineID": """
optional string hostname 1
optional string ip 2
""",
    "mesos.v1.FrameworkInfo": """
required string user 1
required string name 2
optional mesos.v1.FrameworkID id 3
optional double failover_timeout 4 default=0
optional bool checkpoint 5 default=false
optional string role 6 default=*
optional string hostname 7
optional string principal 8
optional string webui_url 9
repeated mesos.v1.FrameworkInfo.Capability capabilities 10
optional mesos.v1.Labels labels 11
repeated string roles 12
map mesos.v1.OfferFilters offer_filters 13
""",
    "mesos.v1.FrameworkInfo.Capability": """
optional mesos.v1.FrameworkInfo.Capability.Type type 1
""",
    "mesos.v1.CheckInfo": """
optional mesos.v1.CheckInfo.Type type 1
optional mesos.v1.CheckInfo.Command command 2
optional mesos.v1.CheckInfo.Http http 3
optional double delay_seconds 4 default=15
optional double interval_seconds 5 default=10
optional double timeout_seconds 6 default=20
optional mesos.v1.CheckInfo.Tcp tcp 7
""",
    "mesos.v1.CheckInfo.Command": """
required mesos.v1.CommandInfo command 1
""",
    "mesos.v1.CheckInfo.Http": """
required uint32 port 1
optional string path 2
""",
    "mesos.v1.CheckInfo.Tcp": """
required uint32 port 1
""",
    "mesos.v1.HealthCheck": """
optional mesos.v1.HealthCheck.HTTPCheckInfo http 1
optional double delay_seconds 2 default=15
optional double interval_seconds 3 default=10
optional double timeout_seconds 4 default=20
optional uint32 consecutive_failures 5 default=3
optional double grace_period_seconds 6 default=10
optional mesos.v1.CommandInfo command 7
optional mesos.v1.HealthCheck.Type type 8
optional mesos.v1.HealthCheck.TCPCheckInfo tcp 9
""",
    "mesos.v1.HealthCheck.HTTPCheckInfo": """
required uint32 port 1
optional string path 2
optional string scheme 3
repeated uint32 statuses 4
optional mesos.v1.NetworkInfo.Protocol protocol 5 default=IPv4
""",
    "mesos.v1.HealthCheck.TCPCheckInfo": """
required uint32 port 1
optional mesos.v1.NetworkInfo.Protocol protocol 2 default=IPv4
""",
    "mesos.v1.KillPolicy": """
optional mesos.v1.DurationInfo grace_period 1
""",
    "mesos.v1.CommandInfo": """
repeated mesos.v1.CommandInfo.URI uris 1
optional mesos.v1.Environment environment 2
optional string value 3
optional string user 5
optional bool shell 6 default=true
repeated string arguments 7
""",
    "mesos.v1.CommandInfo.URI": """
required string value 1
optional bool executable 2
optional bool extract 3 default=true
optional bool cache 4
optional string output_file 5
""",
    "mesos.v1.ExecutorInfo": """
required mesos.v1.ExecutorID executor_id 1
optional bytes data 4
repeated mesos.v1.Resource resources 5
optional mesos.v1.CommandInfo command 7
optional mesos.v1.FrameworkID framework_id 8
optional string name 9
optional string source 10
optional mesos.v1.ContainerInfo container 11
optional mesos.v1.DiscoveryInfo discovery 12
optional mesos.v1.DurationInfo shutdown_grace_period 13
optional mesos.v1.Labels labels 14
optional mesos.v1.ExecutorInfo.Type type 15
""",
    "mesos.v1.DomainInfo": """
optional mesos.v1.DomainInfo.FaultDomain fault_domain 1
""",
    "mesos.v1.DomainInfo.FaultDomain": """
required mesos.v1.DomainInfo.FaultDomain.RegionInfo region 1
required mesos.v1.DomainInfo.FaultDomain.ZoneInfo zone 2
""",
    "mesos.v1.DomainInfo.FaultDomain.RegionInfo": """
required string name 1
""",
    "mesos.v1.DomainInfo.FaultDomain.ZoneInfo": """
required string name 1
""",
    "mesos.v1.MasterInfo": """
required string id 1
required uint32 ip 2
required uint32 port 3 default=5050
optional string pid 4
optional string hostname 5
optional string version 6
optional mesos.v1.Address address 7
optional mesos.v1.DomainInfo domain 8
repeated mesos.v1.MasterInfo.Capability capabilities 9
""",
    "mesos.v1.MasterInfo.Capability": """
optional mesos.v1.MasterInfo.Capability.Type type 1
""",
    "mesos.v1.AgentInfo": """
required string hostname 1
repeated mesos.v1.Resource resources 3
repeated mesos.v1.Attribute attributes 5
optional mesos.v1.AgentID id 6
optional int32 port 8 default=5051
optional mesos.v1.DomainInfo domain 10
""",
    "mesos.v1.AgentInfo.Capability": """
optional mesos.v1.AgentInfo.Capability.Type type 1
""",
    "mesos.v1.Value": """
required mesos.v1.Value.Type type 1
optional mesos.v1.Value.Scalar scalar 2
optional mesos.v1.Value.Ranges ranges 3
optional mesos.v1.Value.Set set 4
optional mesos.v1.Value.Text text 5
""",
    "mesos.v1.Value.Scalar": """
required double value 1
""",
    "mesos.v1.Value.Range": """
required uint64 begin 1
required uint64 end 2
""",
    "mesos.v1.Value.Ranges": """
repeated mesos.v1.Value.Range range 1
""",
    "mesos.v1.Value.Set": """
repeated string item 1
""",
    "mesos.v1.Value.Text": """
required string value 1
""",
    "mesos.v1.Attribute": """
required string name 1
required mesos.v1.Value.Type type 2
optional mesos.v1.Value.Scalar scalar 3
optional mesos.v1.Value.Ranges ranges 4
optional mesos.v1.Value.Text text 5
optional mesos.v1.Value.Set set 6
""",
    "mesos.v1.Resource": """
required string name 1
required mesos.v1.Value.Type type 2
optional mesos.v1.Value.Scalar scalar 3
optional mesos.v1.Value.Ranges ranges 4
optional mesos.v1.Value.Set set 5
optional string role 6 default=*
optional mesos.v1.Resource.DiskInfo disk 7
optional mesos.v1.Resource.ReservationInfo reservation 8
optional mesos.v1.Resource.RevocableInfo revocable 9
optional mesos.v1.Resource.SharedInfo shared 10
optional mesos.v1.Resource.AllocationInfo allocation_info 11
optional mesos.v1.ResourceProviderID provider_id 12
repeated mesos.v1.Resource.ReservationInfo reservations 13
""",
    "mesos.v1.Resource.AllocationInfo": """
optional string role 1
""",
    "mesos.v1.Resource.ReservationInfo": """
optional string principal 1
optional mesos.v1.Labels labels 2
optional string role 3
optional mesos.v1.Resource.ReservationInfo.Type type 4
""",
    "mesos.v1.Resource.DiskInfo": """
optional mesos.v1.Resource.DiskInfo.Persistence persistence 1
optional mesos.v1.Volume volume 2
optional mesos.v1.Resource.DiskInfo.Source source 3
""",
    "mesos.v1.Resource.DiskInfo.Persistence": """
required string id 1
optional string principal 2
""",
    "mesos.v1.Resource.DiskInfo.Source": """
required mesos.v1.Resource.DiskInfo.Source.Type type 1
optional mesos.v1.Resource.DiskInfo.Source.Path path 2
optional mesos.v1.Resource.DiskInfo.Source.Mount mount 3
optional string id 4
optional mesos.v1.Labels metadata 5
optional string profile 6
optional string vendor 7
""",
    "mesos.v1.Resource.DiskInfo.Source.Path": """
optional string root 1
""",
    "mesos.v1.Resource.DiskInfo.Source.Mount": """
optional string root 1
""",
    "mesos.v1.Resource.RevocableInfo": """
""",
    "mesos.v1.Resource.SharedInfo": """
""",
    "mesos.v1.OfferFilters": """
optional mesos.v1.OfferFilters.MinAllocatableResources min_allocatable_resources 1
""",
    "mesos.v1.OfferFilters.ResourceQuantities": """
map mesos.v1.Value.Scalar quantities 1
""",
    "mesos.v1.OfferFilters.MinAllocatableResources": """
repeated mesos.v1.OfferFilters.ResourceQuantities quantities 1
""",
    "mesos.v1.Request": """
optional mesos.v1.AgentID agent_id 1
repeated mesos.v1.Resource resources 2
""",
    "mesos.v1.Offer": """
required mesos.v1.OfferID id 1
required mesos.v1.FrameworkID framework_id 2
required mesos.v1.AgentID agent_id 3
required string hostname 4
repeated mesos.v1.Resource resources 5
repeated mesos.v1.ExecutorID executor_ids 6
repeated mesos.v1.Attribute attributes 7
optional mesos.v1.URL url 8
optional mesos.v1.Unavailability unavailability 9
optional mesos.v1.Resource.AllocationInfo allocation_info 10
optional mesos.v1.DomainInfo domain 11
""",
    "mesos.v1.Offer.Operation": """
optional mesos.v1.Offer.Operation.Type type 1
optional mesos.v1.Offer.Operation.Launch launch 2
optional mesos.v1.Offer.Operation.Reserve reserve 3
optional mesos.v1.Offer.Operation.Unreserve unreserve 4
optional mesos.v1.Offer.Operation.Create create 5
optional mesos.v1.Offer.Operation.Destroy destroy 6
optional mesos.v1.Offer.Operation.LaunchGroup launch_group 7
optional mesos.v1.OperationID id 12
optional mesos.v1.Offer.Operation.GrowVolume grow_volume 13
optional mesos.v1.Offer.Operation.ShrinkVolume shrink_volume 14
optional mesos.v1.Offer.Operation.CreateDisk create_disk 15
optional mesos.v1.Offer.Operation.DestroyDisk destroy_disk 16
""",
    "mesos.v1.Offer.Operation.Launch": """
repeated mesos.v1.TaskInfo task_infos 1
""",
    "mesos.v1.Offer.Operation.LaunchGroup": """
required mesos.v1.ExecutorInfo executor 1
required mesos.v1.TaskGroupInfo task_group 2
""",
    "mesos.v1.Offer.Operation.Reserve": """
repeated mesos.v1.Resource resources 1
repeated mesos.v1.Resource source 2
""",
    "mesos.v1.Offer.Operation.Unreserve": """
repeated mesos.v1.Resource resources 1
""",
    "mesos.v1.Offer.Operation.Create": """
repeated mesos.v1.Resource volumes 1
""",
    "mesos.v1.Offer.Operation.Destroy": """
repeated mesos.v1.Resource volumes 1
""",
    "mesos.v1.Offer.Operation.GrowVolume": """
required mesos.v1.Resource volume 1
required mesos.v1.Resource addition 2
""",
    "mesos.v1.Offer.Operation.ShrinkVolume": """
required mesos.v1.Resource volume 1
required mesos.v1.Value.Scalar subtract 2
""",
    "mesos.v1.Offer.Operation.CreateDisk": """
required mesos.v1.Resource source 1
required mesos.v1.Resource.DiskInfo.Source.Type target_type 2
optional string target_profile 3
""",
    "mesos.v1.Offer.Operation.DestroyDisk": """
required mesos.v1.Resource source 1
""",
    "mesos.v1.InverseOffer": """
required mesos.v1.OfferID id 1
optional mesos.v1.URL url 2
required mesos.v1.FrameworkID framework_id 3
optional mesos.v1.AgentID agent_id 4
required mesos.v1.Unavailability unavailability 5
repeated mesos.v1.Resource resources 6
""",
    "mesos.v1.TaskInfo": """
required string name 1
required mesos.v1.TaskID task_id 2
required mesos.v1.AgentID agent_id 3
repeated mesos.v1.Resource resources 4
optional mesos.v1.ExecutorInfo executor 5
optional bytes data 6
optional mesos.v1.CommandInfo command 7
optional mesos.v1.HealthCheck health_check 8
optional mesos.v1.ContainerInfo container 9
optional mesos.v1.Labels labels 10
optional mesos.v1.DiscoveryInfo discovery 11
optional mesos.v1.KillPolicy kill_policy 12
optional mesos.v1.CheckInfo check 13
optional mesos.v1.DurationInfo max_completion_time 14
map mesos.v1.Value.Scalar limits 15
""",
    "mesos.v1.TaskGroupInfo": """
repeated mesos.v1.TaskInfo tasks 1
""",
    "mesos.v1.Task": """
required string name 1
required mesos.v1.TaskID task_id 2
required mesos.v1.FrameworkID framework_id 3
optional mesos.v1.ExecutorID executor_id 4
required mesos.v1.AgentID agent_id 5
required mesos.v1.TaskState state 6
repeated mesos.v1.Resource resources 7
repeated mesos.v1.TaskStatus statuses 8
optional mesos.v1.TaskState status_update_state 9
optional bytes status_update_uuid 10
optional mesos.v1.Labels labels 11
optional mesos.v1.DiscoveryInfo discovery 12
optional mesos.v1.ContainerInfo container 13
optional string user 14
optional mesos.v1.HealthCheck health_check 15
optional mesos.v1.KillPolicy kill_policy 16
map mesos.v1.Value.Scalar limits 17
""",
    "mesos.v1.TaskResourceLimitation": """
repeated mesos.v1.Resource resources 1
""",
    "mesos.v1.UUID": """
required bytes value 1
""",
    "mesos.v1.Operation": """
optional mesos.v1.FrameworkID framework_id 1
optional mesos.v1.AgentID agent_id 2
required mesos.v1.Offer.Operation info 3
required mesos.v1.OperationStatus latest_status 4
repeated mesos.v1.OperationStatus statuses 5
required mesos.v1.UUID uuid 6
""",
    "mesos.v1.OperationStatus": """
optional mesos.v1.OperationID operation_id 1
required mesos.v1.OperationState state 2
optional string message 3
repeated mesos.v1.Resource converted_resources 4
optional mesos.v1.UUID uuid 5
optional mesos.v1.AgentID agent_id 6
optional mesos.v1.ResourceProviderID resource_provider_id 7
""",
    "mesos.v1.CheckStatusInfo": """
optional mesos.v1.CheckInfo.Type type 1
optional mesos.v1.CheckStatusInfo.Command command 2
optional mesos.v1.CheckStatusInfo.Http http 3
optional mesos.v1.CheckStatusInfo.Tcp tcp 4
""",
    "mesos.v1.CheckStatusInfo.Command": """
optional int32 exit_code 1
""",
    "mesos.v1.CheckStatusInfo.Http": """
optional uint32 status_code 1
""",
    "mesos.v1.CheckStatusInfo.Tcp": """
optional bool succeeded 1
""",
    "mesos.v1.TaskStatus": """
required mesos.v1.TaskID task_id 1
required mesos.v1.TaskState state 2
optional bytes data 3
optional string message 4
optional mesos.v1.AgentID agent_id 5
optional double timestamp 6
optional mesos.v1.ExecutorID executor_id 7
optional bool healthy 8
optional mesos.v1.TaskStatus.Source source 9
optional mesos.v1.TaskStatus.Reason reason 10
optional bytes uuid 11
optional mesos.v1.Labels labels 12
optional mesos.v1.ContainerStatus container_status 13
optional mesos.v1.TimeInfo unreachable_time 14
optional mesos.v1.CheckStatusInfo check_status 15
optional mesos.v1.TaskResourceLimitation limitation 16
""",
    "mesos.v1.Filters": """
optional double refuse_seconds 1 default=5
""",
    "mesos.v1.Environment": """
repeated mesos.v1.Environment.Variable variables 1
""",
    "mesos.v1.Environment.Variable": """
required string name 1
optional string value 2
optional mesos.v1.Environment.Variable.Type type 3 default=VALUE
optional mesos.v1.Secret secret 4
""",
    "mesos.v1.Parameter": """
required string key 1
required string value 2
""",
    "mesos.v1.Parameters": """
repeated mesos.v1.Parameter parameter 1
""",
    "mesos.v1.Credential": """
required string principal 1
optional string secret 2
""",
    "mesos.v1.Secret": """
optional mesos.v1.Secret.Type type 1
optional mesos.v1.Secret.Reference reference 2
optional mesos.v1.Secret.Value value 3
""",
    "mesos.v1.Secret.Reference": """
required string name 1
optional string key 2
""",
    "mesos.v1.Secret.Value": """
required bytes data 1
""",
    "mesos.v1.Image": """
required mesos.v1.Image.Type type 1
optional mesos.v1.Image.Appc appc 2
optional mesos.v1.Image.Docker docker 3
optional bool cached 4 default=true
""",
    "mesos.v1.Image.Appc": """
required string name 1
optional string id 2
optional mesos.v1.Labels labels 3
""",
    "mesos.v1.Image.Docker": """
required string name 1
optional mesos.v1.Credential credential 2
optional mesos.v1.Secret config 3
""",
    "mesos.v1.MountPropagation": """
optional mesos.v1.MountPropagation.Mode mode 1
""",
    "mesos.v1.Volume": """
required string container_path 1
optional string host_path 2
required mesos.v1.Volume.Mode mode 3
optional mesos.v1.Image image 4
optional mesos.v1.Volume.Source source 5
""",
    "mesos.v1.Volume.Source": """
optional mesos.v1.Volume.Source.Type type 1
optional mesos.v1.Volume.Source.DockerVolume docker_volume 2
optional mesos.v1.Volume.Source.SandboxPath sandbox_path 3
optional mesos.v1.Secret secret 4
optional mesos.v1.Volume.Source.HostPath host_path 5
optional mesos.v1.Volume.Source.CSIVolume csi_volume 6
""",
    "mesos.v1.Volume.Source.DockerVolume": """
optional string driver 1
required string name 2
optional mesos.v1.Parameters driver_options 3
""",
    "mesos.v1.Volume.Source.HostPath": """
required string path 1
optional mesos.v1.MountPropagation mount_propagation 2
""",
    "mesos.v1.Volume.Source.SandboxPath": """
optional mesos.v1.Volume.Source.SandboxPath.Type type 1
required string path 2
""",
    "mesos.v1.Volume.Source.CSIVolume": """
required string plugin_name 1
optional mesos.v1.Volume.Source.CSIVolume.StaticProvisioning static_provisioning 2
""",
    "mesos.v1.Volume.Source.CSIVolume.VolumeCapability": """
optional mesos.v1.Volume.Source.CSIVolume.VolumeCapability.BlockVolume block 1 oneof=access_type
optional mesos.v1.Volume.Source.CSIVolume.VolumeCapability.MountVolume mount 2 oneof=access_type
required mesos.v1.Volume.Source.CSIVolume.VolumeCapability.AccessMode access_mode 3
""",
    "mesos.v1.Volume.Source.CSIVolume.VolumeCapability.BlockVolume": """
""",
    "mesos.v1.Volume.Source.CSIVolume.VolumeCapability.MountVolume": """
optional string fs_type 1
repeated string mount_flags 2
""",
    "mesos.v1.Volume.Source.CSIVolume.VolumeCapability.AccessMode": """
required mesos.v1.Volume.Source.CSIVolume.VolumeCapability.AccessMode.Mode mode 1
""",
    "mesos.v1.Volume.Source.CSIVolume.StaticProvisioning": """
required string volume_id 1
required mesos.v1.Volume.Source.CSIVolume.VolumeCapability volume_capability 2
map mesos.v1.Secret node_stage_secrets 3
map mesos.v1.Secret node_publish_secrets 4
map string volume_context 5
""",
    "mesos.v1.NetworkInfo": """
repeated string groups 3
optional mesos.v1.Labels labels 4
repeated mesos.v1.NetworkInfo.IPAddress ip_addresses 5
optional string name 6
repeated mesos.v1.NetworkInfo.PortMapping port_mappings 7
""",
    "mesos.v1.NetworkInfo.IPAddress": """
optional mesos.v1.NetworkInfo.Protocol protocol 1 default=IPv4
optional string ip_address 2
""",
    "mesos.v1.NetworkInfo.PortMapping": """
required uint32 host_port 1
required uint32 container_port 2
optional string protocol 3
""",
    "mesos.v1.CapabilityInfo": """
repeated mesos.v1.CapabilityInfo.Capability capabilities 1
""",
    "mesos.v1.SeccompInfo": """
optional string profile_name 1
optional bool unconfined 2
""",
    "mesos.v1.LinuxInfo": """
optional mesos.v1.CapabilityInfo capability_info 1
optional mesos.v1.CapabilityInfo bounding_capabilities 2
optional mesos.v1.CapabilityInfo effective_capabilities 3
optional bool share_pid_namespace 4
optional mesos.v1.SeccompInfo seccomp 5
optional mesos.v1.LinuxInfo.IpcMode ipc_mode 6
optional uint32 shm_size 7
optional bool share_cgroups 8 default=true
""",
    "mesos.v1.RLimitInfo": """
repeated mesos.v1.RLimitInfo.RLimit rlimits 1
""",
    "mesos.v1.RLimitInfo.RLimit": """
optional mesos.v1.RLimitInfo.RLimit.Type type 1
optional uint64 hard 2
optional uint64 soft 3
""",
    "mesos.v1.TTYInfo": """
optional mesos.v1.TTYInfo.WindowSize window_size 1
""",
    "mesos.v1.TTYInfo.WindowSize": """
required uint32 rows 1
required uint32 columns 2
""",
    "mesos.v1.ContainerInfo": """
required mesos.v1.ContainerInfo.Type type 1
repeated mesos.v1.Volume volumes 2
optional mesos.v1.ContainerInfo.DockerInfo docker 3
optional string hostname 4
optional mesos.v1.ContainerInfo.MesosInfo mesos 5
repeated mesos.v1.NetworkInfo network_infos 7
optional mesos.v1.LinuxInfo linux_info 8
optional mesos.v1.RLimitInfo rlimit_info 9
optional mesos.v1.TTYInfo tty_info 10
""",
    "mesos.v1.ContainerInfo.DockerInfo": """
required string image 1
optional mesos.v1.ContainerInfo.DockerInfo.Network network 2 default=HOST
repeated mesos.v1.ContainerInfo.DockerInfo.PortMapping port_mappings 3
optional bool privileged 4 default=false
repeated mesos.v1.Parameter parameters 5
optional bool force_pull_image 6
optional string volume_driver 7
""",
    "mesos.v1.ContainerInfo.DockerInfo.PortMapping": """
required uint32 host_port 1
required uint32 container_port 2
optional string protocol 3
""",
    "mesos.v1.ContainerInfo.MesosInfo": """
optional mesos.v1.Image image 1
""",
    "mesos.v1.ContainerStatus": """
repeated mesos.v1.NetworkInfo network_infos 1
optional mesos.v1.CgroupInfo cgroup_info 2
optional uint32 executor_pid 3
optional mesos.v1.ContainerID container_id 4
""",
    "mesos.v1.CgroupInfo": """
optional mesos.v1.CgroupInfo.NetCls net_cls 1
""",
    "mesos.v1.CgroupInfo.NetCls": """
optional uint32 classid 1
""",
    "mesos.v1.Labels": """
repeated mesos.v1.Label labels 1
""",
    "mesos.v1.Label": """
required string key 1
optional string value 2
""",
    "mesos.v1.Port": """
required uint32 number 1
optional string name 2
optional string protocol 3
optional mesos.v1.DiscoveryInfo.Visibility visibility 4
optional mesos.v1.Labels labels 5
""",
    "mesos.v1.Ports": """
repeated mesos.v1.Port ports 1
""",
    "mesos.v1.DiscoveryInfo": """
required mesos.v1.DiscoveryInfo.Visibility visibility 1
optional string name 2
optional string environment 3
optional string location 4
optional string version 5
optional mesos.v1.Ports ports 6
optional mesos.v1.Labels labels 7
""",
    "mesos.v1.WeightInfo": """
required double weight 1
optional string role 2
""",
    "mesos.v1.VersionInfo": """
required string version 1
optional string build_date 2
optional double build_time 3
optional string build_user 4
optional string git_sha 5
optional string git_branch 6
optional string git_tag 7
""",
    "mesos.v1.Flag": """
required string name 1
optional string value 2
""",
    "mesos.v1.Role": """
required string name 1
required double weight 2
repeated mesos.v1.FrameworkID frameworks 3
repeated mesos.v1.Resource resources 4
""",
    "mesos.v1.Metric": """
required string name 1
optional double value 2
""",
    "mesos.v1.FileInfo": """
required string path 1
optional int32 nlink 2
optional uint64 size 3
optional mesos.v1.TimeInfo mtime 4
optional uint32 mode 5
optional string uid 6
optional string gid 7
""",
}

ENUMS: dict[str, str] = {
    "mesos.v1.TaskState": """
TASK_STAGING 6
TASK_STARTING 0
TASK_RUNNING 1
TASK_KILLING 8
TASK_FINISHED 2
TASK_FAILED 3
TASK_KILLED 4
TASK_ERROR 7
TASK_LOST 5
TASK_DROPPED 9
TASK_UNREACHABLE 10
TASK_GONE 11
TASK_GONE_BY_OPERATOR 12
TASK_UNKNOWN 13
""",
    "mesos.v1.OperationState": """
OPERATION_UNSUPPORTED 0
OPERATION_PENDING 1
OPERATION_FINISHED 2
OPERATION_FAILED 3
OPERATION_ERROR 4
OPERATION_DROPPED 5
OPERATION_UNREACHABLE 6
OPERATION_GONE_BY_OPERATOR 7
OPERATION_RECOVERING 8
OPERATION_UNKNOWN 9
""",
    "mesos.v1.FrameworkInfo.Capability.Type": """
UNKNOWN 0
REVOCABLE_RESOURCES 1
TASK_KILLING_STATE 2
GPU_RESOURCES 3
SHARED_RESOURCES 4
PARTITION_AWARE 5
MULTI_ROLE 6
RESERVATION_REFINEMENT 7
REGION_AWARE 8
""",
    "mesos.v1.CheckInfo.Type": """
UNKNOWN 0
COMMAND 1
HTTP 2
TCP 3
""",
    "mesos.v1.HealthCheck.Type": """
UNKNOWN 0
COMMAND 1
HTTP 2
TCP 3
""",
    "mesos.v1.ExecutorInfo.Type": """
UNKNOWN 0
DEFAULT 1
CUSTOM 2
""",
    "mesos.v1.MasterInfo.Capability.Type": """
UNKNOWN 0
AGENT_UPDATE 1
AGENT_DRAINING 2
QUOTA_V2 3
""",
    "mesos.v1.AgentInfo.Capability.Type": """
UNKNOWN 0
MULTI_ROLE 1
HIERARCHICAL_ROLE 2
RESERVATION_REFINEMENT 3
RESOURCE_PROVIDER 4
RESIZE_VOLUME 5
AGENT_OPERATION_FEEDBACK 6
AGENT_DRAINING 7
TASK_RESOURCE_LIMITS 8
""",
    "mesos.v1.Value.Type": """
SCALAR 0
RANGES 1
SET 2
TEXT 3
""",
    "mesos.v1.Resource.ReservationInfo.Type": """
UNKNOWN 0
STATIC 1
DYNAMIC 2
""",
    "mesos.v1.Resource.DiskInfo.Source.Type": """
UNKNOWN 0
PATH 1
MOUNT 2
BLOCK 3
RAW 4
""",
    "mesos.v1.Offer.Operation.Type": """
UNKNOWN 0
LAUNCH 1
LAUNCH_GROUP 6
RESERVE 2
UNRESERVE 3
CREATE 4
DESTROY 5
GROW_VOLUME 11
SHRINK_VOLUME 12
CREATE_DISK 13
DESTROY_DISK 14
""",
    "mesos.v1.TaskStatus.Source": """
SOURCE_MASTER 0
SOURCE_AGENT 1
SOURCE_EXECUTOR 2
""",
    "mesos.v1.TaskStatus.Reason": """
REASON_COMMAND_EXECUTOR_FAILED 0
REASON_CONTAINER_LAUNCH_FAILED 21
REASON_CONTAINER_LIMITATION 19
REASON_CONTAINER_LIMITATION_DISK 20
REASON_CONTAINER_LIMITATION_MEMORY 8
REASON_CONTAINER_PREEMPTED 17
REASON_CONTAINER_UPDATE_FAILED 22
REASON_MAX_COMPLETION_TIME_REACHED 33
REASON_EXECUTOR_REGISTRATION_TIMEOUT 23
REASON_EXECUTOR_REREGISTRATION_TIMEOUT 24
REASON_EXECUTOR_TERMINATED 1
REASON_EXECUTOR_UNREGISTERED 2
REASON_FRAMEWORK_REMOVED 3
REASON_GC_ERROR 4
REASON_INVALID_FRAMEWORKID 5
REASON_INVALID_OFFERS 6
REASON_IO_SWITCHBOARD_EXITED 27
REASON_MASTER_DISCONNECTED 7
REASON_RECONCILIATION 9
REASON_RESOURCES_UNKNOWN 18
REASON_AGENT_DISCONNECTED 10
REASON_AGENT_DRAINING 34
REASON_AGENT_REMOVED 11
REASON_AGENT_REMOVED_BY_OPERATOR 31
REASON_AGENT_REREGISTERED 32
REASON_AGENT_RESTARTED 12
REASON_AGENT_UNKNOWN 13
REASON_TASK_KILLED_DURING_LAUNCH 30
REASON_TASK_CHECK_STATUS_UPDATED 28
REASON_TASK_HEALTH_CHECK_STATUS_UPDATED 29
REASON_TASK_GROUP_INVALID 25
REASON_TASK_GROUP_UNAUTHORIZED 26
REASON_TASK_INVALID 14
REASON_TASK_UNAUTHORIZED 15
REASON_TASK_UNKNOWN 16
""",
    "mesos.v1.Environment.Variable.Type": """
UNKNOWN 0
VALUE 1
SECRET 2
""",
    "mesos.v1.Secret.Type": """
UNKNOWN 0
REFERENCE 1
VALUE 2
""",
    "mesos.v1.Image.Type": """
APPC 1
DOCKER 2
""",
    "mesos.v1.MountPropagation.Mode": """
UNKNOWN 0
HOST_TO_CONTAINER 1
BIDIRECTIONAL 2
""",
    "mesos.v1.Volume.Mode": """
RW 1
RO 2
""",
    "mesos.v1.Volume.Source.Type": """
UNKNOWN 0
DOCKER_VOLUME 1
HOST_PATH 4
SANDBOX_PATH 2
SECRET 3
CSI_VOLUME 5
""",
    "mesos.v1.Volume.Source.SandboxPath.Type": """
UNKNOWN 0
SELF 1
PARENT 2
""",
    "mesos.v1.Volume.Source.CSIVolume.VolumeCapability.AccessMode.Mode": """
UNKNOWN 0
SINGLE_NODE_WRITER 1
SINGLE_NODE_READER_ONLY 2
MULTI_NODE_READER_ONLY 3
MULTI_NODE_SINGLE_WRITER 4
MULTI_NODE_MULTI_WRITER 5
""",
    "mesos.v1.NetworkInfo.Protocol": """
IPv4 1
IPv6 2
""",
    "mesos.v1.CapabilityInfo.Capability": """
UNKNOWN 0
CHOWN 1000
DAC_OVERRIDE 1001
DAC_READ_SEARCH 1002
FOWNER 1003
FSETID 1004
KILL 1005
SETGID 1006
SETUID 1007
SETPCAP 1008
LINUX_IMMUTABLE 1009
NET_BIND_SERVICE 1010
NET_BROADCAST 1011
NET_ADMIN 1012
NET_RAW 1013
IPC_LOCK 1014
IPC_OWNER 1015
SYS_MODULE 1016
SYS_RAWIO 1017
SYS_CHROOT 1018
SYS_PTRACE 1019
SYS_PACCT 1020
SYS_ADMIN 1021
SYS_BOOT 1022
SYS_NICE 1023
SYS_RESOURCE 1024
SYS_TIME 1025
SYS_TTY_CONFIG 1026
MKNOD 1027
LEASE 1028
AUDIT_WRITE 1029
AUDIT_CONTROL 1030
SETFCAP 1031
MAC_OVERRIDE 1032
MAC_ADMIN 1033
SYSLOG 1034
WAKE_ALARM 1035
BLOCK_SUSPEND 1036
AUDIT_READ 1037
PERFMON 1038
BPF 1039
CHECKPOINT_RESTORE 1040
""",
    "mesos.v1.LinuxInfo.IpcMode": """
UNKNOWN 0
PRIVATE 1
SHARE_PARENT 2
""",
    "mesos.v1.RLimitInfo.RLimit.Type": """
UNKNOWN 0
RLMT_AS 1
RLMT_CORE 2
RLMT_CPU 3
RLMT_DATA 4
RLMT_FSIZE 5
RLMT_LOCKS 6
RLMT_MEMLOCK 7
RLMT_MSGQUEUE 8
RLMT_NICE 9
RLMT_NOFILE 10
RLMT_NPROC 11
RLMT_RSS 12
RLMT_RTPRIO 13
RLMT_RTTIME 14
RLMT_SIGPENDING 15
RLMT_STACK 16
""",
    "mesos.v1.ContainerInfo.Type": """
DOCKER 1
MESOS 2
""",
    "mesos.v1.ContainerInfo.DockerInfo.Network": """
HOST 1
BRIDGE 2
NONE 3
USER 4
""",
    "mesos.v1.DiscoveryInfo.Visibility": """
FRAMEWORK 0
CLUSTER 1
EXTERNAL 2
""",
}
