"""What a run of a page has drawn reaches the browser, also when a part of the page asks for news at the run's very end.

Streamlit hands what a script draws from the script's thread to the server's event loop, which lags behind on a busy
machine. When a part that looks for news (``st.fragment(run_every=…)``) asks in the moment in which a run of the page
has ended and the last of what it drew is still on its way, two things go wrong in Streamlit (1.67):

- The session starts another script runner and throws away whatever the one that has ended still had to say: the end of
  the page, and with it the timers of the parts that look for news. The page stays as it is until somebody reloads it.
- What the page's run drew of that part is taken out of what waits to be sent, its end is not. The browser takes the old
  part away as not drawn any more, everything below moves up by one, and what is drawn next lands in the wrong place or,
  with an error, nowhere: the page is white.

Here the one that has ended is heard out, and what waits is sent in its order.
"""

from __future__ import annotations

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import ScriptRunnerEvent

_CREATE, _HANDLE, _CLEAR = "_create_scriptrunner", "_handle_scriptrunner_event_on_event_loop", "_clear_queue"


def hear_runs_out() -> None:
    """Mend both for every session of this server; once is enough.

    It does nothing with a Streamlit that is made in another way.
    """
    known = all(hasattr(AppSession, name) for name in (_CREATE, _HANDLE, _CLEAR))
    if not known or not hasattr(ForwardMsgQueue(), "_delta_index_map") or hasattr(AppSession, "abr_ended"):
        return
    create, handle, clear = (getattr(AppSession, name) for name in (_CREATE, _HANDLE, _CLEAR))

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

    def clear_for_whole_pages(self, fragment_ids_this_run=None) -> None:
        if fragment_ids_this_run:
            self._browser_queue._delta_index_map = {}  # what comes now does not replace what waits: it comes after it
        else:
            clear(self, fragment_ids_this_run)

    AppSession.abr_ended = ()
    setattr(AppSession, _CREATE, create_and_remember)
    setattr(AppSession, _HANDLE, handle_also_of_ended)
    setattr(AppSession, _CLEAR, clear_for_whole_pages)
