"""Every process of the product."""

from domain.arrears_support import ArrearsSupport
from domain.contribution import Contribution
from domain.document_practice import DocumentPractice
from domain.external_referral import ExternalReferral
from domain.maintenance_resolution import MaintenanceResolution
from domain.process import Process
from domain.tenant_case import TenantCase

PROCESSES: tuple[type[Process], ...] = (
    TenantCase,
    ArrearsSupport,
    Contribution,
    MaintenanceResolution,
    DocumentPractice,
    ExternalReferral,
)
