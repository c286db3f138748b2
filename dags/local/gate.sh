#!/bin/sh
# The command `gate`, which `make` puts into the virtual environment. It runs the code of the checkout
# that the environment is called in, wherever that lies and from whatever folder it is called.
self=$0
while [ -L "$self" ]; do
  target=$(readlink -- "$self")
  case $target in
    /*) self=$target ;;
    *) self=$(dirname -- "$self")/$target ;;
  esac
done
bin=$(CDPATH='' cd -- "$(dirname -- "$self")" && pwd)
root=$(CDPATH='' cd -- "$bin/../.." && pwd)
# In an image the environment lies elsewhere, and PYTHONPATH is set.
if [ -f "$root/dags/local/gate.sh" ]; then
  PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}
  export PYTHONPATH
fi
# A folder called sql where the user stands must not hide ours.
PYTHONSAFEPATH=1
export PYTHONSAFEPATH
# Without it each process would compile 4,500 modules anew.
unset PYTHONDONTWRITEBYTECODE
exec "$bin/python" -m dags.local "$@"
