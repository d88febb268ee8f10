"""Where Mesos's programs are, and how they know each other: addresses, ids of libprocess, TLS, DNS, credentials."""
