"""The web page: its files, who may open it, and what it asks for besides the API that all others use."""
