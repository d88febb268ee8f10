"""What a container shall be, and its two renderings: the engine's create payload and the docker
command line.
"""
