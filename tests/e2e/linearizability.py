"""Could what clients saw of one register have happened in one order, in which each operation took effect at one moment between
its call and its return?

A register holds a value or nothing. The search is Wing and Gong's ("Testing and Verifying Concurrent Objects", 1993) with the
memory of states by Lowe ("Testing for Linearizability", 2017); registers are checked one by one, because a history is
linearizable where that of every object is (Herlihy and Wing, 1990).
"""
from dataclasses import dataclass


@dataclass
class Operation:
    kind: str        # "read", "write", "create" (only where nothing is), "delete"
    called: float
    returned: float  # of one that was never answered: when it can no longer take effect
    value: object = None  # read: what was seen, None for nothing; write, create: what was written
    answer: object = None  # create: whether it was taken; delete: whether something was there, None where that is not told
    is_answered: bool = True  # False: it may have taken effect, or never

    def apply(self, state):
        """(fits, state behind it)"""
        if self.kind == "read":
            return state == self.value, state
        if self.kind == "write":
            return True, self.value
        if self.kind == "create":
            if not self.is_answered:
                return True, self.value if state is None else state
            return self.answer == (state is None), self.value if self.answer else state
        return self.answer is None or not self.is_answered or self.answer == (state is not None), None


def is_linearizable(operations, state=None):
    """`state`: what the register held before."""
    # An unanswered read tells nothing.
    operations = sorted((one for one in operations if one.is_answered or one.kind != "read"), key=lambda one: one.called)
    count = len(operations)
    seen = set()
    # (bits of what is done, index of the first that is not, state)
    stack = [(0, 0, state)]
    while stack:
        done, low, state = stack.pop()
        while low < count and done >> low & 1:
            low += 1
        if low == count:
            return True
        if (done, state) in seen:
            continue
        seen.add((done, state))
        # What may come next was called before anything that is not done returned.
        candidates, first_return = [], float("inf")
        for index in range(low, count):
            one = operations[index]
            if one.called > first_return:
                break
            if not done >> index & 1:
                candidates.append(index)
                first_return = min(first_return, one.returned)
        candidates = [index for index in candidates if operations[index].called <= first_return]
        nexts = []
        for index in candidates:
            one = operations[index]
            fits, behind = one.apply(state)
            if one.kind == "read" and fits:
                nexts = [(done | 1 << index, low, state)]  # changes nothing, so at once is as good as later
                break
            if fits:
                nexts.append((done | 1 << index, low, behind))
            if not one.is_answered:
                nexts.append((done | 1 << index, low, state))
        stack.extend(nexts)
    return False
