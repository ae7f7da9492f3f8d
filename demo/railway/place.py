"""What stays the same in the demo's Railway: project, environment, service, trigger."""

from typing import Any

from demo.railway import ids

Row = dict[str, Any]
HOST = "zeues.up.railway.app"
REPOSITORY = "example/zeues"
BORN = "2025-06-01T09:00:00.000Z"

PROJECT: Row = {"id": ids.PROJECT_ID, "name": "zeues"}
REDIS: Row = {"id": ids.REDIS_SERVICE_ID, "name": "Redis", "projectId": ids.PROJECT_ID}
SERVICE: Row = {"id": ids.SERVICE_ID, "name": "zeues-backend", "projectId": ids.PROJECT_ID}
ENVIRONMENT: Row = {
    "id": ids.ENVIRONMENT_ID,
    "name": ids.ENVIRONMENT,
    "projectId": ids.PROJECT_ID,
    "isEphemeral": False,
    "canAccess": True,
    "createdAt": BORN,
    "updatedAt": BORN,
    "deletedAt": None,
}
PROJECT_TOKEN: Row = {
    "projectId": ids.PROJECT_ID,
    "environmentId": ids.ENVIRONMENT_ID,
    "project": PROJECT,
    "environment": ENVIRONMENT,
}
TRIGGER: Row = {
    "id": "6f0d5a3e-5555-4c0f-9d59-2f6a1f0d0005",
    "branch": "main",
    "repository": REPOSITORY,
    "provider": "github",
    "checkSuites": False,
    "validCheckSuites": 0,
    "baseEnvironmentOverrideId": None,
    "projectId": ids.PROJECT_ID,
    "environmentId": ids.ENVIRONMENT_ID,
    "serviceId": ids.SERVICE_ID,
}
INSTANCE: Row = {
    "serviceId": ids.SERVICE_ID,
    "serviceName": SERVICE["name"],
    "service": SERVICE,
    "environmentId": ids.ENVIRONMENT_ID,
    "healthcheckPath": "/api/health",
    "healthcheckTimeout": 300,
    "overlapSeconds": 20,
    "drainingSeconds": 10,
    "sleepApplication": False,
    "numReplicas": 1,
    "domains": {"customDomains": [], "serviceDomains": [{"domain": HOST}]},
    "source": {"image": None, "repo": REPOSITORY},
}
