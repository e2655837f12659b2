"""The only incoming sockets: what a request must look like before anything else is asked, routes,
streams with back-pressure, probes, and the life of the process.
"""
