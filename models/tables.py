"""Every table, imported once, so that the metadata is complete. Rules and settings do not pay for it."""

from models.account import ConnectedAccount
from models.ai_ledger import AiBatch, AiBatchRequest, AiCall
from models.analytics import Analytics, AnalyticsDaily, LocationMetric, PostResult
from models.business import Business, UserPreferences
from models.business_facts import BusinessFact
from models.connecting import ConnectAttempt, DataDeletion
from models.content import ContentGeneration, ContentTemplate
from models.mails import Mail, MailLink
from models.media import MediaFile, PictureUse, StockPhoto, StoredObject
from models.notices import OwnerNotice
from models.operations import JobRun, QuarantinedRow
from models.post import Post, PostEvent, PublishAttempt, PublishDiscard, PublishHandle
from models.quotas import PublishingQuota, SharedQuota
from models.user import DashboardSession, ErasedCustomer, LoginAttempt, User

__all__ = [
    "AiBatch",
    "AiBatchRequest",
    "AiCall",
    "Analytics",
    "AnalyticsDaily",
    "Business",
    "BusinessFact",
    "ConnectAttempt",
    "ConnectedAccount",
    "ContentGeneration",
    "ContentTemplate",
    "DashboardSession",
    "DataDeletion",
    "ErasedCustomer",
    "JobRun",
    "LocationMetric",
    "LoginAttempt",
    "Mail",
    "MailLink",
    "MediaFile",
    "OwnerNotice",
    "PictureUse",
    "Post",
    "PostEvent",
    "PostResult",
    "PublishAttempt",
    "PublishDiscard",
    "PublishHandle",
    "PublishingQuota",
    "QuarantinedRow",
    "SharedQuota",
    "StockPhoto",
    "StoredObject",
    "User",
    "UserPreferences",
]
