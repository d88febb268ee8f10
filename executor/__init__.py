"""The program on the agent: it runs the containers of tasks and tells their states truthfully."""
