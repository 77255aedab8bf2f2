"""A search over the hyper-parameters of a preset: a folder beside the runs, every trial an ordinary run.

::

    searches/<id>/search.yaml        what is searched: cohort, preset, space, budget; never changed
                  trials.db          Optuna's storage, unless a shared one was asked for
                  STOP               exists: every worker of this folder stops after the batch
                  workers/<id>/      lock, launch.json, status.json, worker.log of one worker
"""
