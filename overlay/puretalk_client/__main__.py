"""``python -m puretalk_client`` is the command ``puretalk``."""

import sys

from ._cli import main

sys.exit(main())
