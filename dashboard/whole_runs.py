"""What a run of a page has drawn reaches the browser, also when a part of the page asks for news at the run's very end.

Streamlit hands what a script draws from the script's thread to the server's event loop. On a busy machine the loop lags
behind. When a part that looks for news (``st.fragment(run_every=…)``) asks in the moment in which the script has ended
and the last of what it drew is still on its way, the session starts another script runner and throws away whatever the
one that has ended still had to say: the end of the page, and with it the timers of the parts that look for news. The
page then stays as it is until somebody reloads it. Here the one that has ended is heard out.
"""

from __future__ import annotations

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunnerEvent

_CREATE, _HANDLE = "_create_scriptrunner", "_handle_scriptrunner_event_on_event_loop"


def hear_runs_out() -> None:
    """Let every session of this server hear out the script runners that came to their end; once is enough.

    It does nothing with a Streamlit that does not have these two methods.
    """
    create, handle = getattr(AppSession, _CREATE, None), getattr(AppSession, _HANDLE, None)
    if create is None or handle is None or hasattr(AppSession, "abr_ended"):
        return

    def create_and_remember(self, *args, **kwargs) -> None:
        # One is still there where it has ended by itself; one that was told to stop is gone: all is drawn anew.
        ended = self._scriptrunner
        self.abr_ended = () if ended is None else (*self.abr_ended, ended)
        create(self, *args, **kwargs)

    def handle_also_of_ended(self, sender, event, *args, **kwargs) -> None:
        current = self._scriptrunner
        if sender is current:
            self.abr_ended = ()  # events come in order: nothing of the others is on its way any more
        if sender not in self.abr_ended or event is ScriptRunnerEvent.SHUTDOWN:
            handle(self, sender, event, *args, **kwargs)
            return
        self._scriptrunner = sender
        try:
            handle(self, sender, event, *args, **kwargs)
        finally:
            self._scriptrunner = current

    AppSession.abr_ended = ()
    setattr(AppSession, _CREATE, create_and_remember)
    setattr(AppSession, _HANDLE, handle_also_of_ended)
