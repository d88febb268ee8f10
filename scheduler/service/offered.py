"""What agents offered last, for those who want to know before they ask: where instances would go.

Offers are never kept to launch on; what is here only tells. What is left of them after launches is
computed when somebody wants to know.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scheduler.apps.instance import Instance
from scheduler.deployments.deployment import ActionKind, Change
from scheduler.placement.matching import Launch, Match, Misfit
from scheduler.placement.needs import thousandths
from specs.messages.offer import Offer
from specs.messages.resource import Resource
from specs.resources.sums import Resources


@dataclass(frozen=True, slots=True)
class OffersLooked:
    """One agent's. `taken`: of these offers, by tasks that were launched on them."""

    at: float  # seconds since 1970
    offers: tuple[Offer, ...]
    taken: tuple[Resource, ...] = ()

    def left(self) -> Iterator[Offer]:
        """The offers without what was taken."""
        taken = Resources(self.taken)
        for offer in self.offers:
            mine = Resources(offer.resources)
            part = Resources(each for each in taken if mine.contains(Resources([each])))
            taken = taken - part
            yield replace(offer, resources=tuple(mine - part))

    def free(self) -> Mapping[str, int]:
        """Of each amount how many thousandths are left."""
        found: Counter[str] = Counter()
        for sign, resources in ((1, (each for offer in self.offers for each in offer.resources)),
                                (-1, self.taken)):
            for each in resources:
                if each.scalar is not None:
                    found[each.name] += sign * thousandths(each.scalar)
        return found


@dataclass(frozen=True, slots=True)
class Trial:
    """Where instances of a change would go: the host of each, None where there is none, and why not."""

    hosts: tuple[str | None, ...]
    misfits: tuple[Misfit, ...] = ()


def missing(change: Change, instances: Sequence[Instance]) -> int:
    """How many instances a change starts, in all, beside these, none of which is to end already."""
    after = change.after
    if after is None:
        return 0
    kept = [each for each in instances if change.kind is not ActionKind.RESTART
            or each.config == after.config]
    return max(0, after.app.instances - len(kept))


def renewed(known: Mapping[str, OffersLooked], offers: Sequence[Offer], match: Match,
            now: float) -> Mapping[str, OffersLooked]:
    """What is known after these were offered, and used so."""
    new: dict[str, list[Offer]] = {}
    for offer in offers:
        new.setdefault(offer.agent_id, []).append(offer)
    found = {**known, **{agent_id: OffersLooked(now, tuple(each)) for agent_id, each in new.items()}}
    for launch in match.launches:
        if launch.agent_id in found:
            found[launch.agent_id] = replace(found[launch.agent_id], taken=tuple(_taken(launch)))
    return found


def _taken(launch: Launch) -> Iterable[Resource]:
    for placement in launch.placements:
        yield from placement.taken.resources
        yield from placement.executor or ()
