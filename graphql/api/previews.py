"""Words before they leave, in GraphQL: of a reminder as it would be sent now, and of a text with sample values."""

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from api.context import Context, Info
from api.derive import Fields, enum, resolved
from api.reminders import key_of
from domain.message import HUMAN, Channel
from domain.placeholders import SAMPLE
from domain.policy import Policy
from domain.record import read_value
from domain.refusals import Refusal, Refused
from domain.register import Tongues
from domain.rendering import Said, render
from domain.roles import STAFF
from domain.sms import segments
from store import dispatch, reminders
from store.jobs import Job, job_of
from store.telling import directory_of, facts_of, said_of

enum(Channel)


@strawberry.type(description="A message as its reader would get it.")
class TextPreview:
    """A message that was not sent."""

    language: str = strawberry.field(description="The language of the reader, by its ISO 639 code.")
    channel: Channel
    subject: str = strawberry.field(description="Empty where the channel has none.")
    text: str
    html: str = strawberry.field(description="A page of its own, for e-mail; empty for other channels.")
    segments: int | None = strawberry.field(description="How many text messages it costs, if it is one.")


Languages = Annotated[
    list[str] | None,
    strawberry.argument(description="By their ISO 639 codes; every one in which it is written unless given."),
]
By = Annotated[
    Channel | None,
    strawberry.argument(description="For this channel; otherwise the one by which it would leave, or e-mail."),
]


async def _of_reminder(
    self: Any,  # noqa: ARG001 (the root)
    info: Info,
    *,
    id: strawberry.ID,  # noqa: A002 (what GraphQL calls it)
    languages: Languages = None,
    channel: By = None,
) -> list[TextPreview]:
    context, key = info.context, key_of(id)
    async with context.reading() as reading:
        await reminders.find(reading, key, scope=context.identity)
        row = await dispatch.look(reading, key._asdict())
        job = row and await job_of(reading, row, context.services.policies)
        if not job or not job.rung.tell:
            return []
        found = (await directory_of(reading, [job], context.now)).recipients(job)
        facts = await facts_of(reading, [job], context.now)
    reached = [each for recipient in found[:1] for each in recipient.reached_by(job.rung.by, formal=job.formal)]
    said, name = said_of(job, facts), found[0].name if found else ""
    return _previews(job.policy, said, languages, channel=channel or _channel(job, reached), name=name)


def _channel(job: Job, reached: Sequence[Channel]) -> Channel:
    """The one by which it would leave in words; if none reaches them, the first that has any."""
    return next((each for each in (*reached, *job.rung.by) if each not in HUMAN), job.rung.by[0])


async def _of_text(
    self: Any,  # noqa: ARG001 (the root)
    info: Info,
    *,
    text: Annotated[str, strawberry.argument(description="Its name in the policy.")],
    languages: Languages = None,
    channel: By = None,
    policy: Annotated[
        str | None,
        strawberry.argument(description="A version, as `deadlineClause` names it; the one in force if none."),
    ] = None,
) -> list[TextPreview]:
    context = info.context
    if not context.identity.roles & STAFF:
        raise Refused(Refusal.NOT_YOURS, roles=STAFF)
    found = await _policy(context, policy)
    if text not in found.wording.texts:
        expected = f"expected one of {', '.join(found.wording.texts)}"
        raise Refused(Refusal.INPUT_INVALID, path=("text",), problem=expected)
    said = Said(text=text, values=SAMPLE)
    return _previews(found, said, languages, channel=channel or Channel.EMAIL, name="")


async def _policy(context: Context, version: str | None) -> Policy:
    policies = context.services.policies
    async with context.reading() as reading:
        try:
            return await (policies.in_force(reading) if version is None else policies.of(reading, version))
        except Refused:
            raise Refused(Refusal.NOT_FOUND, path=("policy",)) from None


def _previews(
    policy: Policy, said: Said, languages: Sequence[str] | None, *, channel: Channel, name: str
) -> list[TextPreview]:
    text = policy.wording.texts[said.text]
    if channel is Channel.SMS and not text.by_sms:
        problem = f"{text.name} is not written for text messages"
        raise Refused(Refusal.INPUT_INVALID, path=("channel",), problem=problem)
    written = [code for code in policy.wording.languages if code in text.words]
    wanted = written if languages is None else read_value(Tongues, languages, path=("languages",))
    for place, code in enumerate(wanted):
        if code not in written:
            problem = f"{text.name} is written in {', '.join(written)}"
            raise Refused(Refusal.INPUT_INVALID, path=("languages", str(place)), problem=problem)
    return [_preview(policy, said, code, channel, name) for code in wanted]


def _preview(policy: Policy, said: Said, language: str, channel: Channel, name: str) -> TextPreview:
    try:
        rendered = render(policy.wording, [said], name=name, spoken=[language], channel=channel)
    except ValueError:
        raise Refused(Refusal.TEXT_LACKS_VALUE) from None
    return TextPreview(
        language=language,
        channel=channel,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        segments=segments(rendered.text) if channel is Channel.SMS else None,
    )


QUERIES: Fields = {
    "reminder_preview": resolved(
        list[TextPreview],
        _of_reminder,
        description="The words of a reminder as they would leave now, in each language; none if it tells nobody.",
    ),
    "text_preview": resolved(
        list[TextPreview],
        _of_text,
        description="A text of the policy with sample values, in each language; the frame of a message around it.",
    ),
}
"""The queries, by Python name."""
