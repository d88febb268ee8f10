"""DockerInfo.parameters: the grammar of `docker run`, and what each option says to the Engine API.
"""
