"""The honest benchmark behind `pillarbox bench`: this server, its peers and the machine's limits in one run."""
