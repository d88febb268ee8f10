"""Made by deploy/protoc.py from specs/proto/scheduler.proto: do not edit."""

MESSAGES: dict[str, str] = {
    "mesos.v1.scheduler.Event": """
optional mesos.v1.scheduler.Event.Type type 1
optional mesos.v1.scheduler.Event.Subscribed subscribed 2
optional mesos.v1.scheduler.Event.Offers offers 3
optional mesos.v1.scheduler.Event.Rescind rescind 4
optional mesos.v1.scheduler.Event.Update update 5
optional mesos.v1.scheduler.Event.Message message 6
optional mesos.v1.scheduler.Event.Failure failure 7
optional mesos.v1.scheduler.Event.Error error 8
optional mesos.v1.scheduler.Event.InverseOffers inverse_offers 9
optional mesos.v1.scheduler.Event.RescindInverseOffer rescind_inverse_offer 10
optional mesos.v1.scheduler.Event.UpdateOperationStatus update_operation_status 11
""",
    "mesos.v1.scheduler.Event.Subscribed": """
required mesos.v1.FrameworkID framework_id 1
optional double heartbeat_interval_seconds 2
optional mesos.v1.MasterInfo master_info 3
""",
    "mesos.v1.scheduler.Event.Offers": """
repeated mesos.v1.Offer offers 1
""",
    "mesos.v1.scheduler.Event.InverseOffers": """
repeated mesos.v1.InverseOffer inverse_offers 1
""",
    "mesos.v1.scheduler.Event.Rescind": """
required mesos.v1.OfferID offer_id 1
""",
    "mesos.v1.scheduler.Event.RescindInverseOffer": """
required mesos.v1.OfferID inverse_offer_id 1
""",
    "mesos.v1.scheduler.Event.Update": """
required mesos.v1.TaskStatus status 1
""",
    "mesos.v1.scheduler.Event.UpdateOperationStatus": """
required mesos.v1.OperationStatus status 1
""",
    "mesos.v1.scheduler.Event.Message": """
required mesos.v1.AgentID agent_id 1
required mesos.v1.ExecutorID executor_id 2
required bytes data 3
""",
    "mesos.v1.scheduler.Event.Failure": """
optional mesos.v1.AgentID agent_id 1
optional mesos.v1.ExecutorID executor_id 2
optional int32 status 3
""",
    "mesos.v1.scheduler.Event.Error": """
required string message 1
""",
    "mesos.v1.scheduler.Response": """
optional mesos.v1.scheduler.Response.Type type 1
optional mesos.v1.scheduler.Response.ReconcileOperations reconcile_operations 2
""",
    "mesos.v1.scheduler.Response.ReconcileOperations": """
repeated mesos.v1.OperationStatus operation_statuses 1
""",
    "mesos.v1.scheduler.AttributeConstraint": """
required mesos.v1.scheduler.AttributeConstraint.Selector selector 1
required mesos.v1.scheduler.AttributeConstraint.Predicate predicate 2
""",
    "mesos.v1.scheduler.AttributeConstraint.Selector": """
optional mesos.v1.scheduler.AttributeConstraint.Selector.PseudoattributeType pseudoattribute_type 1 oneof=selector
optional string attribute_name 2 oneof=selector
""",
    "mesos.v1.scheduler.AttributeConstraint.Predicate": """
optional mesos.v1.scheduler.AttributeConstraint.Predicate.Exists exists 1 oneof=predicate
optional mesos.v1.scheduler.AttributeConstraint.Predicate.NotExists not_exists 2 oneof=predicate
optional mesos.v1.scheduler.AttributeConstraint.Predicate.TextEquals text_equals 3 oneof=predicate
optional mesos.v1.scheduler.AttributeConstraint.Predicate.TextNotEquals text_not_equals 4 oneof=predicate
optional mesos.v1.scheduler.AttributeConstraint.Predicate.TextMatches text_matches 5 oneof=predicate
optional mesos.v1.scheduler.AttributeConstraint.Predicate.TextNotMatches text_not_matches 6 oneof=predicate
""",
    "mesos.v1.scheduler.AttributeConstraint.Predicate.Exists": """
""",
    "mesos.v1.scheduler.AttributeConstraint.Predicate.NotExists": """
""",
    "mesos.v1.scheduler.AttributeConstraint.Predicate.TextEquals": """
required string value 1
""",
    "mesos.v1.scheduler.AttributeConstraint.Predicate.TextNotEquals": """
required string value 1
""",
    "mesos.v1.scheduler.AttributeConstraint.Predicate.TextMatches": """
required string regex 1
""",
    "mesos.v1.scheduler.AttributeConstraint.Predicate.TextNotMatches": """
required string regex 1
""",
    "mesos.v1.scheduler.OfferConstraints": """
map mesos.v1.scheduler.OfferConstraints.RoleConstraints role_constraints 1
""",
    "mesos.v1.scheduler.OfferConstraints.RoleConstraints": """
repeated mesos.v1.scheduler.OfferConstraints.RoleConstraints.Group groups 1
""",
    "mesos.v1.scheduler.OfferConstraints.RoleConstraints.Group": """
repeated mesos.v1.scheduler.AttributeConstraint attribute_constraints 1
""",
    "mesos.v1.scheduler.Call": """
optional mesos.v1.FrameworkID framework_id 1
optional mesos.v1.scheduler.Call.Type type 2
optional mesos.v1.scheduler.Call.Subscribe subscribe 3
optional mesos.v1.scheduler.Call.Accept accept 4
optional mesos.v1.scheduler.Call.Decline decline 5
optional mesos.v1.scheduler.Call.Kill kill 6
optional mesos.v1.scheduler.Call.Shutdown shutdown 7
optional mesos.v1.scheduler.Call.Acknowledge acknowledge 8
optional mesos.v1.scheduler.Call.Reconcile reconcile 9
optional mesos.v1.scheduler.Call.Message message 10
optional mesos.v1.scheduler.Call.Request request 11
optional mesos.v1.scheduler.Call.AcceptInverseOffers accept_inverse_offers 13
optional mesos.v1.scheduler.Call.DeclineInverseOffers decline_inverse_offers 14
optional mesos.v1.scheduler.Call.Revive revive 15
optional mesos.v1.scheduler.Call.Suppress suppress 16
optional mesos.v1.scheduler.Call.AcknowledgeOperationStatus acknowledge_operation_status 17
optional mesos.v1.scheduler.Call.ReconcileOperations reconcile_operations 18
optional mesos.v1.scheduler.Call.UpdateFramework update_framework 19
""",
    "mesos.v1.scheduler.Call.Subscribe": """
required mesos.v1.FrameworkInfo framework_info 1
repeated string suppressed_roles 2
optional mesos.v1.scheduler.OfferConstraints offer_constraints 3
""",
    "mesos.v1.scheduler.Call.Accept": """
repeated mesos.v1.OfferID offer_ids 1
repeated mesos.v1.Offer.Operation operations 2
optional mesos.v1.Filters filters 3
""",
    "mesos.v1.scheduler.Call.Decline": """
repeated mesos.v1.OfferID offer_ids 1
optional mesos.v1.Filters filters 2
""",
    "mesos.v1.scheduler.Call.AcceptInverseOffers": """
repeated mesos.v1.OfferID inverse_offer_ids 1
optional mesos.v1.Filters filters 2
""",
    "mesos.v1.scheduler.Call.DeclineInverseOffers": """
repeated mesos.v1.OfferID inverse_offer_ids 1
optional mesos.v1.Filters filters 2
""",
    "mesos.v1.scheduler.Call.Revive": """
repeated string roles 1
""",
    "mesos.v1.scheduler.Call.Kill": """
required mesos.v1.TaskID task_id 1
optional mesos.v1.AgentID agent_id 2
optional mesos.v1.KillPolicy kill_policy 3
""",
    "mesos.v1.scheduler.Call.Shutdown": """
required mesos.v1.ExecutorID executor_id 1
required mesos.v1.AgentID agent_id 2
""",
    "mesos.v1.scheduler.Call.Acknowledge": """
required mesos.v1.AgentID agent_id 1
required mesos.v1.TaskID task_id 2
required bytes uuid 3
""",
    "mesos.v1.scheduler.Call.AcknowledgeOperationStatus": """
optional mesos.v1.AgentID agent_id 1
optional mesos.v1.ResourceProviderID resource_provider_id 2
required bytes uuid 3
required mesos.v1.OperationID operation_id 4
""",
    "mesos.v1.scheduler.Call.Reconcile": """
repeated mesos.v1.scheduler.Call.Reconcile.Task tasks 1
""",
    "mesos.v1.scheduler.Call.Reconcile.Task": """
required mesos.v1.TaskID task_id 1
optional mesos.v1.AgentID agent_id 2
""",
    "mesos.v1.scheduler.Call.ReconcileOperations": """
repeated mesos.v1.scheduler.Call.ReconcileOperations.Operation operations 1
""",
    "mesos.v1.scheduler.Call.ReconcileOperations.Operation": """
required mesos.v1.OperationID operation_id 1
optional mesos.v1.AgentID agent_id 2
optional mesos.v1.ResourceProviderID resource_provider_id 3
""",
    "mesos.v1.scheduler.Call.Message": """
required mesos.v1.AgentID agent_id 1
required mesos.v1.ExecutorID executor_id 2
required bytes data 3
""",
    "mesos.v1.scheduler.Call.Request": """
repeated mesos.v1.Request requests 1
""",
    "mesos.v1.scheduler.Call.Suppress": """
repeated string roles 1
""",
    "mesos.v1.scheduler.Call.UpdateFramework": """
required mesos.v1.FrameworkInfo framework_info 1
repeated string suppressed_roles 2
optional mesos.v1.scheduler.OfferConstraints offer_constraints 3
""",
}

ENUMS: dict[str, str] = {
    "mesos.v1.scheduler.Event.Type": """
UNKNOWN 0
SUBSCRIBED 1
OFFERS 2
INVERSE_OFFERS 9
RESCIND 3
RESCIND_INVERSE_OFFER 10
UPDATE 4
UPDATE_OPERATION_STATUS 11
MESSAGE 5
FAILURE 6
ERROR 7
HEARTBEAT 8
""",
    "mesos.v1.scheduler.Response.Type": """
UNKNOWN 0
RECONCILE_OPERATIONS 1
""",
    "mesos.v1.scheduler.AttributeConstraint.Selector.PseudoattributeType": """
UNKNOWN 0
HOSTNAME 1
REGION 2
ZONE 3
""",
    "mesos.v1.scheduler.Call.Type": """
UNKNOWN 0
SUBSCRIBE 1
TEARDOWN 2
ACCEPT 3
DECLINE 4
ACCEPT_INVERSE_OFFERS 13
DECLINE_INVERSE_OFFERS 14
REVIVE 5
KILL 6
SHUTDOWN 7
ACKNOWLEDGE 8
ACKNOWLEDGE_OPERATION_STATUS 15
RECONCILE 9
RECONCILE_OPERATIONS 16
MESSAGE 10
REQUEST 11
SUPPRESS 12
UPDATE_FRAMEWORK 17
""",
}
