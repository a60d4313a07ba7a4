"""One complete object of each kind: every member of protocol §3, so that tests see all of them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

__all__ = ["SAMPLES", "sample"]

_IDS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(20)]
_MORNING, _NOON = "2026-01-02T09:00:00.000Z", "2026-01-02T12:00:00.123456Z"

SAMPLES: dict[str, dict[str, Any]] = {
    "context": {
        "id": _IDS[0],
        "version": "1.0.0",
        "status": "active",
        "lifecycle_stage": "planning",
        "shared_state": {
            "variables": {"city": "Lyon"},
            "resources": {"gpu": 1},
            "dependencies": ["catalogue"],
            "goals": [
                {
                    "id": _IDS[1],
                    "description": "Publish the report",
                    "priority": 7,
                    "status": "active",
                    "deadline": _NOON,
                }
            ],
            "artifacts": [{"path": "report.md"}],
            "knowledge_base": ["style guide"],
        },
        "access_control": {"permissions": ["read"], "roles": ["editor"], "policies": [{"deny": "delete"}]},
        "name": "Report",
        "type": "planning_session",
        "environment": {
            "platform": "server",
            "resources": {"cpu": 2.0, "memory": 4096.0, "storage": 10.5},
            "constraints": [{"type": "budget", "value": 100, "description": "in euros"}],
        },
        "global_state": {"project_id": "p-1", "session_id": "s-1", "environment": "staging"},
        "configuration": {
            "max_participants": 10,
            "max_sessions": 5,
            "timeout_ms": 3600000,
            "persistence_level": "session",
            "isolation_level": "shared",
        },
        "metadata": {
            "created_at": _MORNING,
            "updated_at": _NOON,
            "created_by": "dana",
            "tags": ["q1"],
            "cost_centre": 7,
        },
    },
    "plan": {
        "id": _IDS[2],
        "name": "Report plan",
        "tasks": [
            {
                "id": _IDS[3],
                "name": "Research",
                "type": "composite",
                "description": "Find the figures",
                "status": "running",
                "category": "documentation",
                "assigned_agent": "researcher",
                "priority": "high",
                "estimated_duration": "2d",
                "resources_required": ["analyst"],
                "resources": {"cpu": 1.0, "memory": 512.0, "tools": ["search"]},
                "started_at": _MORNING,
            },
            {
                "id": _IDS[4],
                "name": "Write",
                "type": "atomic",
                "status": "completed",
                "parent_task": _IDS[3],
                "started_at": _MORNING,
                "completed_at": _NOON,
            },
        ],
        "description": "From figures to a text",
        "context_id": _IDS[0],
        "version": "1.1.0",
        "status": "executing",
        "objectives": ["a report"],
        "dependencies": [{"from_task": _IDS[3], "to_task": _IDS[4], "type": "finish_to_start"}],
        "workflow": {
            "execution_strategy": "sequential",
            "error_handling": {"retry_count": 3},
            "rollback_strategy": {"checkpoint_enabled": True},
        },
        "validation": {"constraints": [], "success_criteria": ["reviewed"], "quality_gates": []},
        "optimization": {"strategy": "time", "parameters": {"limit": 2}},
        "timeline": {"start": _MORNING},
        "resources": {"people": 2},
        "metadata": {"updated_at": _NOON},
    },
    "confirmation": {
        "id": _IDS[5],
        "target": {"type": "task", "id": _IDS[4], "description": "Write report.md"},
        "type": "approval",
        "criteria": {
            "rules": ["no_secrets"],
            "thresholds": {"quality": 0.8},
            "requirements": ["peer_review"],
        },
        "approvers": [{"id": _IDS[6], "type": "human", "role": "editor", "required": True}],
        "result": {
            "status": "approved",
            "decisions": [
                {
                    "approver_id": _IDS[6],
                    "decision": "approved",
                    "comments": ["fine"],
                    "timestamp": _NOON,
                    "signature": "sig",
                }
            ],
            "comments": ["done"],
            "timestamp": _NOON,
            "signature": "sig",
        },
        "context_id": _IDS[0],
        "plan_id": _IDS[2],
        "requester": {"user_id": "agent-7", "role": "writer"},
        "risk_assessment": {"level": "low", "factors": ["overwrites a file"]},
        "expires_at": _NOON,
        "metadata": {"updated_at": _NOON},
    },
    "trace": {
        "id": _IDS[7],
        "trace_id": _IDS[8],
        "span_id": _IDS[7],
        "parent_span_id": _IDS[9],
        "context_id": _IDS[0],
        "agent_id": _IDS[10],
        "action": {
            "name": "search",
            "type": "execute",
            "parameters": {"query": "figures"},
            "duration": "150ms",
        },
        "timestamp": {"start": _MORNING, "end": _NOON},
        "result": {
            "status": "failure",
            "output": {"hits": 3},
            "error": {"type": "ValueError", "message": "odd", "stack": "…"},
            "metrics": {"input_tokens": 12},
        },
        "metadata": {"tags": {"langgraph.node": "tools"}, "annotations": [{"name": "retry"}]}
        | {"correlation_id": _IDS[11]},
        "plan_id": _IDS[2],
        "task_id": _IDS[3],
        "event": {"type": "complete", "description": "searched", "data": {"n": 1}},
        "performance": {"duration": 0.15, "memory_usage": "64MB", "cpu_usage": 0.15},
    },
    "role": {
        "id": _IDS[12],
        "name": "researcher",
        "version": "1.0.0",
        "capabilities": [
            {"name": "search", "type": "skill", "level": "advanced", "parameters": {"languages": ["en"]}}
        ],
        "description": "Finds figures",
        "type": "service",
        "permissions": [{"resource": "docs", "actions": ["read"], "conditions": {"public": True}}],
        "constraints": {
            "time_limits": {"max_session_duration": "8h"},
            "resource_limits": {"max_concurrent_tasks": 5},
            "operational_limits": {},
        },
        "inheritance": {
            "parent_roles": [_IDS[13]],
            "child_roles": [_IDS[14]],
            "inherited_capabilities": ["read"],
            "overrides": [{"capability": "search", "level": "expert"}],
        },
        "metadata": {"created_at": _MORNING, "certification_level": "gold"},
    },
    "extension": {
        "id": _IDS[15],
        "name": "generator",
        "version": "1.0.0",
        "type": "plugin",
        "interface": {
            "input_schema": {"type": "object"},
            "output_schema": {"type": "object"},
            "methods": ["generate"],
            "events": ["generated"],
        },
        "implementation": {
            "runtime": "python",
            "entry_point": "package:function",
            "configuration": {"timeout": 30000},
            "resources": {"memory": "512MB"},
        },
        "dependencies": [{"name": "jinja2", "version": "3.1", "type": "optional"}],
        "security": {"permissions": ["file_read"], "sandbox_level": "strict", "signature": "sha256:00"},
        "lifecycle": {"status": "active", "install_date": _MORNING, "last_update": _NOON},
        "configuration": {"parameters": {"depth": 1}, "endpoints": [], "dependencies": []},
        "metadata": {
            "author": "dana",
            "description": "makes code",
            "tags": ["code"],
            "license": "MIT",
            "documentation_url": "https://example.org/generator",
        },
    },
    "execution": {
        "id": _IDS[16],
        "status": "running",
        "plan_id": _IDS[2],
        "task_id": _IDS[3],
        "context_id": _IDS[0],
        "agent_id": _IDS[10],
        "input": {"depth": 1},
        "output": {"files": 1},
        "started_at": _MORNING,
        "completed_at": _NOON,
        "progress": {"total": 4, "completed": 2, "failed": 0},
        "metadata": {"updated_at": _NOON},
    },
}


def sample(kind: str, **members: Any) -> dict[str, Any]:
    """A fresh copy of the complete object of `kind`, with `members` put over it."""
    return deepcopy(SAMPLES[kind]) | members
