"""Puts the API together."""

from pillarbox.api.application import Api
from pillarbox.api.callers import Services
from pillarbox.api.groups import GROUPS
from pillarbox.api.intake import Budget, IdleWatch, Intake
from pillarbox.app import App
from pillarbox.bulk.accept import BulkIntake
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory


def build(app: App, directory: Directory, submission: Submission) -> Api:
    """The API as an ASGI application. It answers its routes, and everything else with 404."""
    services = Services(
        app=app, directory=directory, submission=submission, bulk=BulkIntake(app, submission)
    )
    return Api(GROUPS, services=services, intake=Intake(Budget(), IdleWatch()))
