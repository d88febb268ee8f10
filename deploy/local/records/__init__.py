"""Values that both sides keep: messages, tasks, FrameworkInfo, flags, the version they claim."""
