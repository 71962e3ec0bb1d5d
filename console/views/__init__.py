"""The screens. One blueprint a file; this is the list the application registers and the tests walk."""

from console.views import (
    account,
    asset,
    assets,
    children,
    health,
    incident,
    incidents,
    links,
    notice,
    notices,
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
    asset.bp,
    links.bp,
    notices.bp,
    notice.bp,
    sensors.bp,
    children.bp,
    preview.bp,
    refused.bp,
    account.bp,
)
