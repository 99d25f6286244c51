"""The ready-made documents: every one fits the contract, every mutation has one, and none is there for nothing."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)

from api.schema import build
from workers import demo
from workers.demo.client import OPERATIONS, Documents

NOT_IN_THE_DEMO = frozenset(
    {
        # Corrections: the demo registers everything right at once.
        "AmendBuilding", "AmendClosure", "AmendContact", "AmendDistrict", "AmendDwelling", "AmendFundingLine",
        "AmendMunicipality", "AmendPartner", "AmendPartnerService", "AmendPerson", "AmendReferent",
        "AmendServicePoint", "AmendStaff", "AmendTenancy",
        # Opened by mistake: a case and a fault stand for all of them.
        "EnterArrearsInError", "EnterContributionInError", "EnterPracticeInError", "EnterReferralInError",
        # Ways that nobody takes in these weeks.
        "AcceptObservations", "ChooseService", "MoveDueDay", "ReassessContribution", "RecordCourtDate",
        "RecordObservations", "RefusePlan", "ResumeCase", "ResumeCharge", "ResumeReferral", "ResumeWorks",
        "RevokeGrant", "SetPriority", "StopArrears", "WaivePaper", "WithdrawContribution",
        # In these weeks the agency is never closed, and its policy stays as it is.
        "AdoptPolicy", "AdoptionFailures", "Closures", "DryRun", "Explain", "Policies", "PolicyInForce",
        "PublishPolicy", "RegisterClosure", "StopAdoption", "SubmitPolicy", "TryOutPolicy",
        # Pages that a front end shows and the demo, which has no screen, does not.
        "Dunning", "DunningDecision",
        "Appointments", "Buildings", "CaseFile", "Cases", "Contacts", "Districts", "Dwellings", "FundingLines",
        "History", "Municipalities", "PartnerServices", "Partners", "Persons", "Picture", "Processes", "Referents",
        "ServicePoints", "SignedIn", "StaffMembers", "Stops", "Tenancies", "Worklist",
        # What people will be told leaves as it is written and when it is due; who is away is back when they said.
        "Absences", "AmendAbsence", "CancelReminder", "FinishTask", "Notices", "PreviewReminder", "PreviewText",
        "ReadNotices", "SendReminderNow", "Told",
        # Who does what of it is agreed by voice in so small a team.
        "AssignTasks", "ClaimTasks", "ReleaseTasks",
    }
)  # fmt: skip
"""Documents that front ends have and the demo does not send."""


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build()._schema


@pytest.fixture(scope="module")
def document() -> DocumentNode:
    """All of them as one."""
    files = sorted(OPERATIONS.glob("*.graphql"))
    return DocumentNode(
        definitions=tuple(each for file in files for each in parse(file.read_text("utf-8")).definitions)
    )


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]


def test_all_documents_fit_the_contract(schema: GraphQLSchema, document: DocumentNode) -> None:
    """They validate together, so their names are unique and no fragment is unused."""
    assert validate(schema, document) == []


def test_every_mutation_has_one_document(schema: GraphQLSchema, document: DocumentNode) -> None:
    """A front end finds each step and each entry of the register ready to be sent."""
    sent = Counter(
        field.name.value
        for operation in _operations(document)
        if operation.operation is OperationType.MUTATION
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode)
    )
    assert schema.mutation_type
    assert sent == dict.fromkeys(schema.mutation_type.fields, 1)


def test_every_query_has_a_document(schema: GraphQLSchema, document: DocumentNode) -> None:
    """All but `nodes`, which is for caches."""
    asked = {
        field.name.value
        for operation in _operations(document)
        if operation.operation is OperationType.QUERY
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode)
    }
    assert schema.query_type
    assert set(schema.query_type.fields) - asked == {"nodes"}


def test_every_document_is_lived_or_listed(document: DocumentNode) -> None:
    """The demo sends it, or it is one of those that are known not to be."""
    assert demo.__file__
    texts = {
        node.value
        for file in Path(demo.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant)
    }
    names = {operation.name.value for operation in _operations(document) if operation.name}
    assert names - texts == NOT_IN_THE_DEMO


def test_a_document_comes_with_the_fragments_that_it_spreads_and_no_other(schema: GraphQLSchema) -> None:
    """Each stands on its own, as it is sent."""
    documents = Documents()
    for name in documents:
        assert validate(schema, parse(documents[name])) == [], name
    spread = [
        each.name.value
        for each in parse(documents["ProcessForm"]).definitions
        if isinstance(each, FragmentDefinitionNode)
    ]
    assert spread == ["ProcessHead"]
