"""The token cap and the money cap of a run: reserved before a call, settled after it with what it really took."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from ai_data_strategy.errors import CapReached, InputError


@dataclass(frozen=True)
class Reservation:
    """Tokens and money set aside for a call that is under way; cost is None if the price is unknown."""

    tokens: int
    cost: float | None


class Caps:
    """Caps of a run, shared by all its calls. `tokens` and `cost` begin with what the run has spent before.

    An unknown price never counts as zero: it makes the sum unknown. The token cap then holds, and the money cap for what is known.
    """

    def __init__(self, max_tokens: int | None = None, max_cost: float | None = None, tokens: int = 0, cost: float | None = 0.0) -> None:
        self.max_tokens = max_tokens
        self.max_cost = max_cost
        self.tokens = tokens
        self._known_cost = cost or 0.0
        self._all_known = cost is not None
        self._held_tokens = 0
        self._held_cost = 0.0
        self._lock = Lock()

    @property
    def cost(self) -> float | None:
        """What was spent so far, or None if the price of a part is unknown."""
        return self._known_cost if self._all_known else None

    def require_price(self, model: str, known: bool) -> None:
        """Refuse a money cap that nothing could enforce.

        Raises: InputError if only a money cap is set and the model's price is unknown.
        """
        if self.max_cost is not None and self.max_tokens is None and not known:
            raise InputError(
                f"--max-cost cannot hold: the price of {model} at this address is unknown. "
                "Set --max-tokens as well, or give a price table with AI_DATA_STRATEGY_PRICES."
            )

    def reserve(self, tokens: int, cost: float | None) -> Reservation:
        """Set aside what a call will probably take.

        Raises: CapReached if the call would pass a cap; nothing is then set aside.
        """
        with self._lock:
            self._refuse_over(tokens, cost)
            self._held_tokens += tokens
            self._held_cost += cost or 0.0
        return Reservation(tokens, cost)

    def settle(self, reservation: Reservation, tokens: int, cost: float | None) -> None:
        """Replace a reservation by what the call really took."""
        with self._lock:
            self._release(reservation)
            self.tokens += tokens
            self._known_cost += cost or 0.0
            self._all_known = self._all_known and cost is not None

    def release(self, reservation: Reservation) -> None:
        """Give back a reservation: the call took nothing."""
        with self._lock:
            self._release(reservation)

    def _release(self, reservation: Reservation) -> None:
        self._held_tokens -= reservation.tokens
        self._held_cost -= reservation.cost or 0.0

    def _refuse_over(self, tokens: int, cost: float | None) -> None:
        expected = self.tokens + self._held_tokens + tokens
        if self.max_tokens is not None and expected > self.max_tokens:
            raise CapReached(
                f"token cap of {self.max_tokens:,}: {self.tokens:,} spent, {self._held_tokens:,} under way, and the next call "
                f"needs about {tokens:,}. Resume the run with a higher --max-tokens."
            )
        if self.max_cost is not None and cost is not None and self._known_cost + self._held_cost + cost > self.max_cost:
            raise CapReached(
                f"money cap of {self.max_cost:.2f}: {self._known_cost:.4f} spent, {self._held_cost:.4f} under way, and the next call "
                f"needs about {cost:.4f}. Resume the run with a higher --max-cost."
            )
