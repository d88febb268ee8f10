"""What a turn of the service needs besides deciding: answers, statuses heard, faults contained."""
