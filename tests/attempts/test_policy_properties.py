"""What holds for every plan and every course of failures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.attempts.policy import REACTIONS, KeyEffect, Moment, Past, Stop, Try, next_step
from headgate.catalogue.facts import Facts
from headgate.provider.call import Target
from headgate.provider.failure import Failure, Kind
from headgate.routing.rule import Plan, Planned, Policy

MANY = settings(max_examples=250, deadline=None)
DEADLINE = 30.0


@dataclass
class Step:
    """One decision: what was known, and what came of it."""

    history: list[Past]
    moment: Moment
    step: Try | Stop
    other_key: bool


@dataclass
class Course:
    """A call from its first attempt to its last."""

    plan: Plan
    steps: list[Step] = field(default_factory=list)

    def window(self, index: int) -> int:
        facts = self.plan.targets[index].facts
        return (facts and facts.context_window) or 0


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    windows = draw(st.lists(st.sampled_from((None, 4, 8, 32)), min_size=1, max_size=4))
    planned = [
        Planned(Target("p", f"m{n}"), Facts("p", f"m{n}", context_window=window))
        for n, window in enumerate(windows)
    ]
    return Plan(
        "r",
        tuple(planned),
        Policy(
            draw(st.integers(0, 3)),
            draw(st.integers(0, 6)),
            draw(st.frozensets(st.sampled_from(Kind)) | st.just(frozenset(Kind))),
        ),
    )


TELLING = (Kind.CONTEXT_LENGTH, Kind.OVERLOADED, Kind.CONNECTION, Kind.RATE_LIMITED, Kind.TIMEOUT)


@st.composite
def courses(draw: st.DrawFn) -> Course:
    course = Course(draw(plans()))
    history: list[Past] = []
    now = 0.0
    while True:
        moment = Moment(
            now,
            DEADLINE,
            draw(st.sampled_from((0.0, 0.5, 0.99))),
            draw(st.frozensets(st.integers(0, 3))),
            draw(st.booleans()),
            draw(st.integers(0, 3)) > 0,
        )
        step = next_step(course.plan, history, moment)
        other = bool(history) and REACTIONS[history[-1].failure.kind].key is not KeyEffect.NONE
        course.steps.append(Step(list(history), moment, step, other and moment.spare_key))
        if isinstance(step, Stop):
            return course
        now += step.delay + draw(st.sampled_from((0.0, 0.1, 5.0)))
        kind = draw(st.sampled_from(TELLING) | st.sampled_from(Kind))
        wait = draw(st.sampled_from((None, 0.0, 2.0, 9.0, 60.0)))
        history.append(Past(step.index, Failure(kind, "x", retry_after=wait)))
        assert len(history) <= course.plan.policy.total + 1, "more attempts than allowed"


@MANY
@given(courses())
def test_every_course_ends_in_time(course: Course) -> None:
    for one in course.steps:
        if isinstance(one.step, Try):
            assert 0 <= one.step.index < len(course.plan.targets)
            assert one.step.delay >= 0
            assert not one.history or one.moment.now + one.step.delay < DEADLINE


@MANY
@given(courses())
def test_no_target_is_asked_more_often_than_allowed_except_with_other_keys(
    course: Course,
) -> None:
    asked: Counter[int] = Counter()
    for one in course.steps:
        if isinstance(one.step, Try) and not one.other_key:
            asked[one.step.index] += 1
    assert all(times <= course.plan.policy.per_target + 1 for times in asked.values())


@MANY
@given(courses(), st.data())
def test_nothing_is_tried_after_a_stream_was_committed(course: Course, data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(course.steps))
    if one.history:
        *before, last = one.history
        committed = Past(last.index, last.failure, committed=True)
        assert isinstance(next_step(course.plan, [*before, committed], one.moment), Stop)


@MANY
@given(courses())
def test_only_failures_that_the_route_names_lead_to_another_target(course: Course) -> None:
    for one in course.steps:
        if one.history and isinstance(one.step, Try):
            last = one.history[-1]
            kind = last.failure.kind
            moves = REACTIONS[kind].next_target and kind in course.plan.policy.fallback_on
            # A full provider was never asked; passing it over is no fallback.
            assert one.step.index == last.index or moves or kind is Kind.SHED


@MANY
@given(courses())
def test_a_prompt_that_was_too_long_never_goes_to_a_window_that_is_not_larger(
    course: Course,
) -> None:
    for one in course.steps:
        if isinstance(one.step, Try):
            for past in one.history:
                if past.failure.kind is Kind.CONTEXT_LENGTH:
                    assert course.window(one.step.index) > course.window(past.index)


@MANY
@given(courses())
def test_a_shut_target_is_not_asked_while_an_untried_one_is_open(course: Course) -> None:
    for one in course.steps:
        if not isinstance(one.step, Try) or one.step.index not in one.moment.shut or one.other_key:
            continue
        if one.history:
            last = one.history[-1].failure.kind
            if not REACTIONS[last].next_target or last not in course.plan.policy.fallback_on:
                continue
        tried = {past.index for past in one.history}
        too_small = max(
            (
                course.window(past.index)
                for past in one.history
                if past.failure.kind is Kind.CONTEXT_LENGTH
            ),
            default=-1,
        )
        assert not [
            index
            for index in range(len(course.plan.targets))
            if index not in tried
            and index not in one.moment.shut
            and course.window(index) > too_small
        ]


@MANY
@given(plans(), st.frozensets(st.integers(0, 3)))
def test_the_first_attempt_is_always_made(plan: Plan, shut: frozenset[int]) -> None:
    step = next_step(plan, [], Moment(0.0, DEADLINE, shut=shut))
    assert isinstance(step, Try)
    indexes = range(len(plan.targets))
    assert step.index == next((index for index in indexes if index not in shut), 0)
