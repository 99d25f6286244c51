"""A case with its tracks, and every decision about them: pure, so that a workflow, a rebuild and a test agree."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.adoption import adopted
from domain.case import Case
from domain.events import (
    DEADLINE_PASSED,
    POLICY_ADOPTED,
    TASK_DONE,
    TASK_RAISED,
    WINDOW_ENDED,
    Entry,
    Event,
    Opening,
    Record,
    StepRequest,
    TaskChange,
)
from domain.fields import local_day
from domain.process import Process, Reservation, Step
from domain.record import blank, dump, load, read_input
from domain.refusals import Refusal, Refused

TRACKS_MOST = 20
"""How many tracks a case may have open at once: a bound on what its workflow carries."""


class CaseFile:
    """The case, its open tracks, and how many events they have had."""

    def __init__(self, case_id: UUID) -> None:
        self.case_id = case_id
        self.case: Case | None = None
        self.tracks: dict[UUID, Process] = {}
        self.seq = 0

    @property
    def processes(self) -> list[Process]:
        """The case and its open tracks."""
        return [*([self.case] if self.case else []), *self.tracks.values()]

    def decide(self, request: StepRequest, now: datetime) -> tuple[Process, Process]:
        """Return the process before and after the step, changing nothing; raise `Refused`."""
        declared = declared_step(request)
        before = self.process_of(request, now)
        if not declared.opens:
            _require_current(before, request)
        at = request.occurred_at or max(now, before.last_at or now)
        return before, before.after(declared, read_input(declared, request.given), at=at, now=now)

    def process_of(self, request: StepRequest, now: datetime) -> Process:
        """Return the process that the step is about, blank if the step opens it; raise `Refused`."""
        if not declared_step(request).opens:
            process = self._find(request.process_id)
            if process.kind != request.kind:
                raise Refused(Refusal.NOT_FOUND, path=("id",))
            if request.closures:
                closures = process.terms.closures.renewed(request.closures, local_day(now))
                process = replace(process, terms=replace(process.terms, closures=closures))
            return process
        opens_case = issubclass(Process.kinds[request.kind], Case)
        if self.case is None and not opens_case:
            raise Refused(Refusal.NOT_FOUND, path=("case",))
        if self.case and (opens_case or request.process_id in {self.case_id, *self.tracks}):
            raise Refused(Refusal.ALREADY_EXISTS, path=("newId",))
        if self.case:
            self.case.admit(now)
            if len(self.tracks) >= TRACKS_MOST:
                raise Refused(Refusal.TOO_MANY, path=("case",), most=TRACKS_MOST)
        if not request.opening:
            raise ValueError("a step that opens a process carries its terms and limits")
        opened = blank(request.kind, id=request.process_id, case_id=self.case_id, opening=request.opening)
        return opened.paused_with(self.case) if self.case else opened

    def reservation(self, request: StepRequest, now: datetime) -> tuple[Process, Reservation] | None:
        """Return what the step must first take of a shared resource, and the process it is for; raise `Refused`."""
        declared = declared_step(request)
        if not declared.reserves:
            return None
        before, _ = self.decide(request, now)
        return before, declared.reserves(before, read_input(declared, request.given))

    def take(self, request: StepRequest, now: datetime) -> Entry:
        """Take the step; raise `Refused`, in which case nothing has changed."""
        before, after = self.decide(request, now)
        self._keep(after)
        changed = [after]
        if self.case and after.id != self.case_id and (after.ended or not before.version):
            ended_at = after.last_at if after.ended else None
            ends = [moment for moment in (self.case.last_track_ended_at, ended_at) if moment]
            self.case = replace(self.case, version=self.case.version + 1, last_track_ended_at=max(ends, default=None))
            changed.append(self.case)
        changed += self._paused(after)
        at = after.last_at or now
        return self._entry(request.step, before, changed, occurred_at=at, recorded_at=now, request=request)

    def change_task(self, change: TaskChange, now: datetime) -> Entry:
        """Give somebody something to do, or note that it is done; raise `Refused`. No version rises for it."""
        process = self.task_of(change, now)
        name = TASK_DONE if change.done else TASK_RAISED
        return self._entry(name, process, [process], occurred_at=now, recorded_at=now, request=change)

    def task_of(self, change: TaskChange, now: datetime) -> Process:
        """Return the process whose task it is; raise `Refused` if it is no longer to be done."""
        if self.expired(now):
            raise Refused(Refusal.TASK_OVER)
        known = change.process_id in self.tracks or change.entry is not None
        process = self._find(change.process_id if known else self.case_id)
        if change.entry not in {None, process.entry} or not (process.waits_for or process.expires()):
            raise Refused(Refusal.TASK_OVER)
        return process

    def next_due(self) -> datetime | None:
        """Return when time next has something to do here: a deadline, or the end of a closed case's window."""
        dues = [process.deadline for process in self.processes if not process.overdue]
        if self.case and self.case.ended:
            dues.append(self.case.expires())
        return min((due for due in dues if due), default=None)

    def pass_deadlines(self, now: datetime) -> list[Entry]:
        """Mark what has become due."""
        return [
            self._pass_deadline(process, process.deadline, now)
            for process in self.processes
            if process.deadline and process.deadline <= now and not process.overdue
        ]

    def adopt(self, given: Mapping[str, Opening], now: datetime) -> list[Entry]:
        """Give the case and its open tracks other terms and limits, by kind; nothing where they say nothing new."""
        return [
            self._adopt(process, given[process.kind], now)
            for process in self.processes
            if process.kind in given and adopted(process, given[process.kind], now) is not process
        ]

    def would_adopt(self, given: Mapping[str, Opening], now: datetime) -> bool:
        """Say whether `adopt` would change anything."""
        return not self.expired(now) and any(
            process.kind in given and adopted(process, given[process.kind], now) is not process
            for process in self.processes
        )

    def expired(self, now: datetime) -> bool:
        """Whether nothing can happen to this case any more."""
        if not self.case or not self.case.ended:
            return False
        expires = self.case.expires()
        return expires is None or expires <= now

    def end(self, now: datetime) -> list[Entry]:
        """Note that the window of a closed case has ended; nothing for one that has none."""
        ended_at = self.case and self.case.expires()
        if not self.case or not ended_at:
            return []
        return [self._entry(WINDOW_ENDED, self.case, [self.case], occurred_at=ended_at, recorded_at=now)]

    def fold(self, event: Event) -> Entry:
        """Live an event of the log again, exactly as it was; the entry is equal to the one it came from."""
        if isinstance(event.request, TaskChange):
            return self.change_task(event.request, event.recorded_at)
        if event.request:
            return self.take(event.request, event.recorded_at)
        if event.adopted:
            return self._adopt(self._find(event.process_id), event.adopted, event.recorded_at)
        if event.name == WINDOW_ENDED:
            (entry,) = self.end(event.recorded_at)
            return entry
        return self._pass_deadline(self._find(event.process_id), event.occurred_at, event.recorded_at)

    def records(self) -> tuple[Record, ...]:
        """Return the case and its open tracks, to be carried along; the case comes first."""
        return tuple(Record(kind=process.kind, data=dump(process)) for process in self.processes)

    @classmethod
    def restored(cls, case_id: UUID, records: tuple[Record, ...], seq: int) -> "CaseFile":
        """Return the file that `records` were taken from."""
        file = cls(case_id)
        file.seq = seq
        for process in (load(record.kind, record.data) for record in records):
            if isinstance(process, Case):
                file.case = process
            else:
                file.tracks[process.id] = process
        return file

    def _paused(self, case: Process) -> list[Process]:
        """Pause the tracks with their case, and return those that it changes."""
        if case.id != self.case_id:
            return []
        pause = case.paused_on, case.paused_until
        behind = [track for track in self.tracks.values() if (track.paused_on, track.paused_until) != pause]
        self.tracks |= {track.id: track.paused_with(case) for track in behind}
        return [self.tracks[track.id] for track in behind]

    def _find(self, process_id: UUID) -> Process:
        if self.case and process_id == self.case_id:
            return replace(self.case, tracks=tuple(self.tracks.values()))
        if process_id in self.tracks:
            return self.tracks[process_id]
        raise Refused(Refusal.NOT_FOUND, path=("id",))

    def _pass_deadline(self, process: Process, deadline: datetime, now: datetime) -> Entry:
        """The version stays as it is, so that no open form is stale for it."""
        late = replace(process, overdue=True)
        self._keep(late)
        return self._entry(DEADLINE_PASSED, process, [late], occurred_at=deadline, recorded_at=now)

    def _adopt(self, process: Process, given: Opening, now: datetime) -> Entry:
        after = adopted(process, given, now)
        self._keep(after)
        return self._entry(POLICY_ADOPTED, process, [after], occurred_at=now, recorded_at=now, adopted=given)

    def _keep(self, process: Process) -> None:
        """Ended tracks leave: a case that lives for years stays small."""
        if isinstance(process, Case):
            self.case = replace(process, tracks=())
        elif process.ended:
            self.tracks.pop(process.id, None)
        else:
            self.tracks[process.id] = process

    def _entry(
        self,
        name: str,
        before: Process,
        changed: list[Process],
        *,
        occurred_at: datetime,
        recorded_at: datetime,
        request: StepRequest | TaskChange | None = None,
        adopted: Opening | None = None,
    ) -> Entry:
        self.seq += 1
        after = changed[0]
        event = Event(
            seq=self.seq,
            process_id=after.id,
            kind=after.kind,
            name=name,
            from_state=before.state,
            to_state=after.state,
            version=after.version,
            entry=after.entry,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            request=request,
            adopted=adopted,
        )
        return Entry(event=event, records=tuple(Record(kind=process.kind, data=dump(process)) for process in changed))


def _require_current(process: Process, request: StepRequest) -> None:
    """Refuse what was decided upon the process as it is no more."""
    if request.entry is not None:
        if request.entry != process.entry:
            raise Refused(Refusal.TASK_OVER)
    elif request.expected_version != process.version:
        raise Refused(
            Refusal.STALE_VERSION,
            path=("expectedVersion",),
            version=process.version,
            expected=request.expected_version,
        )


def declared_step(request: StepRequest) -> Step:
    """Return the declaration of the step that is asked for."""
    return Process.kinds[request.kind].steps[request.step]
