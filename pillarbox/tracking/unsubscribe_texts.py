"""The texts of the unsubscribe page, by language, and which of them a reader understands best."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """One language. `{address}` is who it is about."""

    title: str
    ask: str
    ask_button: str
    done: str
    back_button: str
    subscribed: str
    held_back: str
    unknown: str
    unknown_hint: str
    later: str


LANGUAGES = {
    "en": Texts(
        title="Unsubscribe",
        ask="Stop these messages to {address}?",
        ask_button="Unsubscribe",
        done="{address} is unsubscribed and gets no more of these messages.",
        back_button="Subscribe again",
        subscribed="{address} is subscribed.",
        held_back="Nothing is sent to {address}.",
        unknown="This link is not valid",
        unknown_hint="It may be incomplete or too old. Please use the link of a newer message.",
        later="Not available right now. Nothing was changed; please try again in a few moments.",
    ),
    "de": Texts(
        title="Abmelden",
        ask="Diese Nachrichten an {address} abbestellen?",
        ask_button="Abmelden",
        done="{address} ist abgemeldet und erhält diese Nachrichten nicht mehr.",
        back_button="Wieder anmelden",
        subscribed="{address} ist angemeldet.",
        held_back="An {address} wird nichts gesendet.",
        unknown="Dieser Link ist nicht gültig",
        unknown_hint="Er ist unvollständig oder zu alt. Bitte den Link einer neueren Nachricht verwenden.",
        later="Gerade nicht verfügbar. Es wurde nichts geändert; bitte gleich noch einmal versuchen.",
    ),
    "fr": Texts(
        title="Se désabonner",
        ask="Ne plus envoyer ces messages à {address} ?",
        ask_button="Se désabonner",
        done="{address} est désabonnée et ne recevra plus ces messages.",
        back_button="Se réabonner",
        subscribed="{address} est abonnée.",
        held_back="Rien n’est envoyé à {address}.",
        unknown="Ce lien n’est pas valide",
        unknown_hint="Il est incomplet ou trop ancien. Utilisez le lien d’un message plus récent.",
        later="Indisponible pour le moment. Rien n’a été modifié ; réessayez dans quelques instants.",
    ),
    "es": Texts(
        title="Darse de baja",
        ask="¿Dejar de enviar estos mensajes a {address}?",
        ask_button="Darse de baja",
        done="{address} se ha dado de baja y no recibirá más estos mensajes.",
        back_button="Volver a suscribirse",
        subscribed="{address} está suscrita.",
        held_back="No se envía nada a {address}.",
        unknown="Este enlace no es válido",
        unknown_hint="Está incompleto o es demasiado antiguo. Use el enlace de un mensaje más reciente.",
        later="No disponible en este momento. No se ha cambiado nada; inténtelo de nuevo en breve.",
    ),
    "it": Texts(
        title="Annulla l’iscrizione",
        ask="Non inviare più questi messaggi a {address}?",
        ask_button="Annulla l’iscrizione",
        done="{address} non riceverà più questi messaggi.",
        back_button="Iscriviti di nuovo",
        subscribed="{address} è iscritto.",
        held_back="A {address} non viene inviato nulla.",
        unknown="Questo link non è valido",
        unknown_hint="È incompleto o troppo vecchio. Usi il link di un messaggio più recente.",
        later="Non disponibile al momento. Nulla è stato modificato; riprovi tra poco.",
    ),
    "pt": Texts(
        title="Cancelar a subscrição",
        ask="Deixar de enviar estas mensagens para {address}?",
        ask_button="Cancelar a subscrição",
        done="{address} não receberá mais estas mensagens.",
        back_button="Subscrever novamente",
        subscribed="{address} está subscrito.",
        held_back="Nada é enviado para {address}.",
        unknown="Este link não é válido",
        unknown_hint="Está incompleto ou é demasiado antigo. Use o link de uma mensagem mais recente.",
        later="Indisponível de momento. Nada foi alterado; tente novamente dentro de instantes.",
    ),
    "nl": Texts(
        title="Afmelden",
        ask="Deze berichten aan {address} stoppen?",
        ask_button="Afmelden",
        done="{address} is afgemeld en ontvangt deze berichten niet meer.",
        back_button="Opnieuw aanmelden",
        subscribed="{address} is aangemeld.",
        held_back="Er wordt niets verzonden aan {address}.",
        unknown="Deze link is niet geldig",
        unknown_hint="Hij is onvolledig of te oud. Gebruik de link van een nieuwer bericht.",
        later="Nu niet beschikbaar. Er is niets gewijzigd; probeer het zo nog eens.",
    ),
}
_MOST_PREFERENCES = 20


def choose(accept_language: str) -> str:
    """The language of ours that an Accept-Language header likes best, else English."""
    best, weight = "en", 0.0
    for part in accept_language[:1000].split(",")[:_MOST_PREFERENCES]:
        name, _, parameter = part.partition(";")
        language = name.strip().lower().partition("-")[0]
        wish = _weight(parameter)
        if language in LANGUAGES and wish > weight:
            best, weight = language, wish
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
