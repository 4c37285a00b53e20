"""What Piccolo's commands read: the engine and the one app."""

from piccolo.conf.apps import AppRegistry

from domain.db import DB

APP_REGISTRY = AppRegistry(apps=["domain.piccolo_app"])
__all__ = ["APP_REGISTRY", "DB"]
