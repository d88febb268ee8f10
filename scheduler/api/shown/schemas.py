"""JSON Schemas of what the API answers and takes, for the OpenAPI document and for who checks
answers against it.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from scheduler.api.shown.app_schemas import (
    APP,
    APP_CHANGE,
    APP_DEFINITION,
    BOOLEAN,
    GROUP_CHANGE,
    INTEGER,
    NATURAL,
    NUMBER,
    OBJECT,
    SCALE_BACK,
    TEXT,
    TEXTS,
    TIME,
    Schema,
    array,
    nullable,
    record,
    ref,
    some,
)
from scheduler.api.shown.overview import KINDS

_REASON = record({"agent": nullable(TEXT), "reason": TEXT, "wanted": nullable(TEXT),
                  "offered": nullable(TEXT), "hint": nullable(TEXT)})

__all__ = ["BOOLEAN", "INTEGER", "NAMED", "NATURAL", "NUMBER", "OBJECT", "STEP", "TEXT", "TEXTS", "TIME", "Schema",
           "array", "nullable", "record", "ref", "some"]

STEP: Final = record({"actions": array(record({"action": TEXT, "app": TEXT}))})
_FUNNEL: Final = array(record({"reason": TEXT, "declined": INTEGER, "processed": INTEGER}))
_PROBLEMS: Final = array(record({"path": TEXT, "errors": array(TEXT)}))
_OFFER: Final = record({"id": TEXT, "agentId": TEXT, "hostname": TEXT, "resources": array(OBJECT),
                        "attributes": array(OBJECT)})
_WAITING: Final = record({
    "app": ref("App"), "count": INTEGER, "since": TIME,
    "delay": record({"timeLeftSeconds": INTEGER, "overdue": BOOLEAN}),
    "lastUnusedOffers": array(record({"offer": _OFFER, "reason": array(TEXT), "timestamp": TIME})),
    "processedOffersSummary": record({
        "processedOffersCount": INTEGER, "unusedOffersCount": INTEGER,
        "rejectSummaryLastOffers": _FUNNEL,
        "rejectSummaryLaunchAttempt": _FUNNEL, "lastUnusedOfferAt": TIME, "lastUsedOfferAt": TIME},
        "lastUnusedOfferAt", "lastUsedOfferAt")}, "app", "lastUnusedOffers")
_INFO: Final = some({
    "name": TEXT, "version": TEXT, "buildref": TEXT, "elected": BOOLEAN, "leader": TEXT,
    "frameworkId": TEXT,
    "zookeeper_config": OBJECT, "http_config": some({"http_port": INTEGER, "https_port": INTEGER},
                                                    "http_port"),
    "marathon_config": record({
        "master": TEXT, "framework_name": TEXT, "mesos_role": TEXT, "checkpoint": BOOLEAN,
        "failover_timeout": INTEGER,
        "ha": BOOLEAN, "hostname": TEXT, "local_port_min": INTEGER, "local_port_max": INTEGER,
        "features": array(TEXT), "webui_url": TEXT})},
    "name", "version", "buildref", "elected", "leader", "marathon_config", "http_config")
_METRICS: Final = record({
    "version": TEXT, **{kind: {"type": "object", "additionalProperties": of} for kind, of in (
        ("counters", record({"count": INTEGER})), ("gauges", record({"value": NUMBER})),
        ("histograms", OBJECT), ("meters", OBJECT), ("timers", OBJECT))}})

NAMED: Final[Mapping[str, Schema]] = {
    "App": APP, "AppDefinition": APP_DEFINITION, "AppChange": APP_CHANGE,
    "GroupChange": GROUP_CHANGE, "Group": some({
        "id": TEXT, "apps": array(ref("App")), "groups": array(ref("Group")),
        "dependencies": array(TEXT),
        "version": TIME, "pods": array(OBJECT), "enforceRole": BOOLEAN},
        "id", "apps", "groups", "dependencies", "version", "pods"),
    "Task": record({
        "id": TEXT, "appId": TEXT, "host": TEXT, "slaveId": TEXT, "state": TEXT,
        "ports": array(INTEGER),
        "servicePorts": array(INTEGER), "version": TIME, "stagedAt": TIME, "startedAt": TIME,
        "role": TEXT, "region": TEXT, "zone": TEXT, "localVolumes": array(OBJECT),
        "ipAddresses": array(record({"ipAddress": TEXT, "protocol": TEXT})),
        "healthCheckResults": array(some({
            "alive": BOOLEAN, "consecutiveFailures": INTEGER, "instanceId": TEXT,
            "firstSuccess": TIME,
            "lastSuccess": TIME, "lastFailure": TIME, "lastFailureCause": TEXT}, "alive",
                                         "instanceId"))},
        "slaveId", "stagedAt", "startedAt", "region", "zone"),
    "TaskFailure": record({
        "appId": TEXT, "host": TEXT, "instanceId": TEXT, "message": TEXT, "slaveId": TEXT,
        "state": TEXT, "taskId": TEXT, "timestamp": TIME, "version": TIME}, "slaveId"),
    "Metrics": _METRICS,
    "Readiness": record({"name": TEXT, "taskId": TEXT, "ready": BOOLEAN}),
    "Deployment": record({
        "id": TEXT, "version": TIME, "affectedApps": array(TEXT), "affectedPods": array(TEXT),
        "steps": array(STEP), "currentActions": array(record({
            "action": TEXT, "app": TEXT, "readinessCheckResults": array(ref("Readiness"))})),
        "currentStep": INTEGER, "totalSteps": INTEGER}),
    "Changed": record({"version": TIME, "deploymentId": TEXT}),
    "Waiting": _WAITING,
    "Info": _INFO,
    "MarathonError": record({
        "message": TEXT, "details": {"anyOf": [TEXT, _PROBLEMS]},
        "deployments": array(record({"id": TEXT})),
        "current": TEXT, "changed": array(TEXT)}, "details", "deployments", "current", "changed"),
    "Problem": record({
        "type": TEXT, "title": TEXT, "status": INTEGER, "detail": TEXT, "errors": _PROBLEMS,
        "deployments": array(record({"id": TEXT})), "current": TEXT, "changed": array(TEXT)},
        "errors", "deployments", "current", "changed"),
    "Instance": record({
        "id": TEXT, "taskId": nullable(TEXT), "app": TEXT, "state": TEXT, "phase": TEXT,
        "healthy": nullable(BOOLEAN),
        "agent": nullable(TEXT), "host": nullable(TEXT), "ports": array(INTEGER), "since": TIME,
        "version": TIME, "exitCode": nullable(INTEGER), "reason": nullable(TEXT),
        "stats": nullable(record({"at": TIME, "cpuCores": NUMBER, "memoryBytes": INTEGER}))}, "stats"),
    "Ended": record({
        "id": TEXT, "taskId": TEXT, "app": TEXT, "state": TEXT, "at": TIME,
        "startedAt": nullable(TIME),
        "seconds": nullable(NUMBER), "exitCode": nullable(INTEGER), "reason": nullable(TEXT),
        "message": nullable(TEXT), "asked": nullable(TEXT), "agent": nullable(TEXT),
        "host": nullable(TEXT), "version": TIME}),
    "Version": record({"version": TIME, "at": TIME, "user": TEXT, "address": TEXT, "why": TEXT}),
    "Why": record({
        "instance": nullable(TEXT), "app": TEXT, "since": TIME, "reasons": array(_REASON)}),
    "Plan": record({
        "version": TIME, "apps": array(record({
            "id": TEXT, "action": TEXT, "changes": array(record({"path": TEXT, "before": {},
                                                                 "after": {}})),
            "instances": record({"before": INTEGER, "after": INTEGER})})),
        "steps": array(STEP), "conflicts": array(TEXT), "stuck": array(record({
            "app": TEXT, "reason": TEXT, "hint": TEXT})), "warnings": array(TEXT),
        "places": array(record({  # of each new instance its host, null where none is for it now
            "app": TEXT, "hosts": array(nullable(TEXT)), "reasons": array(_REASON)}))}),
    "Event": record({"event": TEXT, "data": TEXT, "id": TEXT}, "id"),  # each of a stream, as its lines say it
    "OutputEvent": record({"event": TEXT, "data": TEXT, "id": TEXT}, "event", "id"),
    "Agent": record({
        "id": TEXT, "host": TEXT, "instances": INTEGER, "apps": array(TEXT),
        "attributes": TEXTS, "region": nullable(TEXT), "zone": nullable(TEXT),
        "executorVersion": nullable(TEXT),  # None: none of ours has reported from there
        "offered": nullable(record({  # what was left when it last offered something
            "at": TIME, "amounts": {"type": "object", "additionalProperties": NUMBER},
            "ports": TEXT}))}),
    "Overview": record({
        "id": TEXT, "wanted": nullable(INTEGER), "why": TEXT, "what": TEXT, "cpus": NUMBER, "mem": NUMBER,
        "counts": record(dict.fromkeys(KINDS, INTEGER)), "labels": TEXTS,
        "version": nullable(TIME), "deployments": array(TEXT), "served": nullable(INTEGER),
        "failures": INTEGER, "waitsForPromotion": BOOLEAN, "failedAt": nullable(TIME),
        "scaleBack": nullable(SCALE_BACK)}),
    "Happened": record({"number": INTEGER, "at": TIME, "by": TEXT, "what": TEXT, "text": TEXT}),
    "Session": record({  # `needed`: whether anybody has to say who asks
        "name": TEXT, "role": nullable(TEXT), "needed": BOOLEAN, "csrf": nullable(TEXT),
        "until": nullable(TIME)}),
}
