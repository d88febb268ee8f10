"""Made by deploy/protoc.py from specs/proto/internal.proto: do not edit."""

MESSAGES: dict[str, str] = {
    "mesos.internal.StatusUpdate": """
required mesos.v1.FrameworkID framework_id 1
optional mesos.v1.ExecutorID executor_id 2
optional mesos.v1.AgentID slave_id 3
required mesos.v1.TaskStatus status 4
required double timestamp 5
optional bytes uuid 6
optional mesos.v1.TaskState latest_state 7
""",
    "mesos.internal.RegisterExecutorMessage": """
required mesos.v1.FrameworkID framework_id 1
required mesos.v1.ExecutorID executor_id 2
""",
    "mesos.internal.ReregisterExecutorMessage": """
required mesos.v1.ExecutorID executor_id 1
required mesos.v1.FrameworkID framework_id 2
repeated mesos.v1.TaskInfo tasks 3
repeated mesos.internal.StatusUpdate updates 4
""",
    "mesos.internal.StatusUpdateMessage": """
required mesos.internal.StatusUpdate update 1
optional string pid 2
""",
    "mesos.internal.ExecutorToFrameworkMessage": """
required mesos.v1.AgentID slave_id 1
required mesos.v1.FrameworkID framework_id 2
required mesos.v1.ExecutorID executor_id 3
required bytes data 4
""",
    "mesos.internal.ExecutorRegisteredMessage": """
required mesos.v1.ExecutorInfo executor_info 2
required mesos.v1.FrameworkID framework_id 3
required mesos.v1.FrameworkInfo framework_info 4
required mesos.v1.AgentID slave_id 5
required mesos.v1.AgentInfo slave_info 6
""",
    "mesos.internal.ExecutorReregisteredMessage": """
required mesos.v1.AgentID slave_id 1
required mesos.v1.AgentInfo slave_info 2
""",
    "mesos.internal.ReconnectExecutorMessage": """
required mesos.v1.AgentID slave_id 1
""",
    "mesos.internal.RunTaskMessage": """
optional mesos.v1.FrameworkID framework_id 1
required mesos.v1.FrameworkInfo framework 2
optional string pid 3
required mesos.v1.TaskInfo task 4
optional bool launch_executor 6
""",
    "mesos.internal.KillTaskMessage": """
required mesos.v1.FrameworkID framework_id 1
required mesos.v1.TaskID task_id 2
optional mesos.v1.KillPolicy kill_policy 3
""",
    "mesos.internal.StatusUpdateAcknowledgementMessage": """
required mesos.v1.AgentID slave_id 1
required mesos.v1.FrameworkID framework_id 2
required mesos.v1.TaskID task_id 3
required bytes uuid 4
""",
    "mesos.internal.FrameworkToExecutorMessage": """
required mesos.v1.AgentID slave_id 1
required mesos.v1.FrameworkID framework_id 2
required mesos.v1.ExecutorID executor_id 3
required bytes data 4
""",
    "mesos.internal.ShutdownExecutorMessage": """
optional mesos.v1.ExecutorID executor_id 1
optional mesos.v1.FrameworkID framework_id 2
""",
}

ENUMS: dict[str, str] = {
}
