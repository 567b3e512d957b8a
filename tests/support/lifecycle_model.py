"""What orders should be after each step, written apart from the product, for the lifecycle machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

WINDOW_DAYS = 30


@dataclass
class ModelReturn:
    """A return: units asked for by line, or those that came."""

    id: UUID
    status: str
    units: dict[int, int]

    def may_become(self, status: str) -> bool:
        follows = {
            "requested": {"approved", "rejected"},
            "approved": {"received", "rejected"},
            "received": {"refunded"},
        }
        return status in follows.get(self.status, set())


@dataclass
class ModelLine:
    """Units of an order's line."""

    id: UUID
    wanted: int
    cancelled: int = 0
    expired: int = 0  # of the cancelled: those that a late payment takes back
    sent: int = 0
    delivered: int = 0
    returned: int = 0

    @property
    def open(self) -> int:
        return self.wanted - self.cancelled - self.sent

    @property
    def kept(self) -> int:
        return self.wanted - self.cancelled


@dataclass
class ModelOrder:
    """An order as it should be."""

    id: UUID
    lines: list[ModelLine]
    status: str = "pending"
    is_paid: bool = False
    is_paid_first: bool = False
    is_expired: bool = False
    delivered_at: datetime | None = None
    parcels: list[tuple[UUID, dict[int, int]]] = field(default_factory=list)
    delivered_parcels: list[tuple[UUID, dict[int, int]]] = field(default_factory=list)
    arrivals: list[tuple[datetime, dict[int, int]]] = field(default_factory=list)
    returns: list[ModelReturn] = field(default_factory=list)

    @property
    def is_payable(self) -> bool:
        return not self.is_paid and (self.status != "cancelled" or self.is_expired)

    @property
    def is_sendable(self) -> bool:
        return self.status in ("confirmed", "processing")

    def asked(self, line: int) -> int:
        return sum(one.units.get(line, 0) for one in self.returns if one.status in ("requested", "approved"))

    def keeps(self, line: int) -> int:
        """Return units that the buyer has and has not asked to send back."""
        return self.lines[line].delivered - self.lines[line].returned - self.asked(line)

    def returnable(self, line: int, now: datetime) -> int:
        recent = sum(units.get(line, 0) for at, units in self.arrivals if at > now - timedelta(WINDOW_DAYS))
        return max(min(self.keeps(line), recent), 0)

    def settle(self, now: datetime) -> None:
        kept = sum(line.kept for line in self.lines)
        if self.status in ("pending", "confirmed", "processing") and kept == 0:
            self.status = "cancelled"
        if self.status == "processing" and kept == sum(line.sent for line in self.lines):
            self.status = "shipped"
        if self.status == "shipped" and kept == sum(line.delivered for line in self.lines):
            self.status, self.delivered_at = "delivered", now
        if self.status == "delivered" and kept == sum(line.returned for line in self.lines):
            self.status = "returned"

    def next_status(self, now: datetime) -> str | None:
        """Return what staff may change the status to."""
        step = {
            "pending": "confirmed",
            "confirmed": "processing",
            "processing": "shipped",
            "shipped": "delivered",
            "delivered": "completed",
        }
        status = step.get(self.status)
        if status == "completed":
            assert self.delivered_at is not None
            is_over = now >= self.delivered_at + timedelta(WINDOW_DAYS)
            return status if is_over and not any(map(self.asked, range(len(self.lines)))) else None
        return status

    def send(self, units: dict[int, int]) -> None:
        for line, count in units.items():
            self.lines[line].sent += count
        self.status = "processing"

    def arrive(self, parcel: tuple[UUID, dict[int, int]], now: datetime) -> None:
        self.parcels.remove(parcel)
        self.delivered_parcels.append(parcel)
        self.arrivals.append((now, parcel[1]))
        for line, count in parcel[1].items():
            self.lines[line].delivered += count
