"""The screens. One blueprint a file; this is the list the application registers and the tests walk."""

from console.views import (
    account,
    assets,
    children,
    health,
    incident,
    incidents,
    overview,
    preview,
    refused,
    sensors,
    session,
)

BLUEPRINTS = (
    session.bp,
    health.bp,
    overview.bp,
    incidents.bp,
    incident.bp,
    assets.bp,
    sensors.bp,
    children.bp,
    preview.bp,
    refused.bp,
    account.bp,
)
