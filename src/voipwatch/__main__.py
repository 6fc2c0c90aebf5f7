"""`python -m voipwatch`."""

import sys

from voipwatch.cli import main

sys.exit(main())
