"""Registering domains, and changing them at the customer's wish. Source: spec domains-and-signatures 1 and 2.

Keys are made before the transaction (`keys.new_pem`) and handed in.
"""

from pillarbox.domains import keys, names, store
from pillarbox.domains.model import Alias, Aliases, Domain, KeyState
from pillarbox.errors import Problem, Refused
from pillarbox.storage.tx import Tx


def check_free(tx: Tx, name: str) -> None:
    """Refuses DOMAIN_EXISTS."""
    if store.find(tx, name) is not None:
        raise Refused(Problem.DOMAIN_EXISTS)


def create(tx: Tx, name: str, pem: bytes) -> Domain:
    """Create a domain whose key waits for its record. Refuses DOMAIN_EXISTS."""
    domain_id = store.insert_domain(tx, name)
    store.insert_key(tx, domain_id, keys.new_key(name, at=tx.now, pem=pem))
    return store.get(tx, domain_id)


def edit(tx: Tx, domain: Domain, aliases: Aliases) -> Domain:
    """Set or clear the hosts below a domain; a new one is unverified.

    Refuses RETURN_PATH_INVALID, TRACKING_INVALID.
    """
    check_aliases(domain.name, aliases)
    return_path = _changed(domain.return_path, aliases.return_path)
    tracking = _changed(domain.tracking, aliases.tracking)
    store.set_aliases(tx, domain.id, return_path=return_path, tracking=tracking)
    if any(alias is not None and alias.host for alias in (return_path, tracking)):
        store.mark_changed(tx, domain.id)
    return store.get(tx, domain.id)


def check_aliases(domain: str, aliases: Aliases) -> None:
    """Refuses RETURN_PATH_INVALID, TRACKING_INVALID for what is no host below the domain."""
    for wanted, problem in (
        (aliases.return_path, Problem.RETURN_PATH_INVALID),
        (aliases.tracking, Problem.TRACKING_INVALID),
    ):
        if wanted and names.read_host_below(wanted, domain) is None:
            raise Refused(problem)


def check_renewable(domain: Domain) -> None:
    """Refuses DKIM_IN_RENEWAL while a key is pending, DKIM_NOT_RENEWABLE when the one that signs is broken."""
    if KeyState.PENDING in domain.keys:
        raise Refused(Problem.DKIM_IN_RENEWAL)
    keys.check_readable(domain.keys.get(KeyState.ACTIVE), Problem.DKIM_NOT_RENEWABLE)


def rotate(tx: Tx, domain_id: int, pem: bytes) -> Domain:
    """Give a domain a new key; the old one signs until DNS shows the new.

    Refuses DOMAIN_NOT_FOUND, DKIM_IN_RENEWAL, DKIM_NOT_RENEWABLE.
    """
    domain = store.get(tx, domain_id)
    check_renewable(domain)
    taken = {key.selector for key in domain.keys.values()}
    key = keys.new_key(domain.name, at=tx.now, pem=pem, taken=taken)
    store.insert_key(tx, domain_id, key)
    return store.get(tx, domain_id)


def _changed(now: Alias, wanted: str | None) -> Alias | None:
    """The alias as it is to be, None when nothing changes."""
    if wanted is None:
        return None
    host = names.read_domain(wanted) or ""
    return None if host == now.host else Alias(host=host)
