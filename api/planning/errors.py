"""What can go wrong with plans."""

from api.errors import Conflict


class PlanSuperseded(Conflict):
    code = "plan_superseded"
    title = "A newer plan was published"
    detail = "The plan you looked at was replaced. Read the worklist again and decide on what it says now."
