"""The outsider's tests run inside the outsider's own process."""

collect_ignore = ["outsider"]
