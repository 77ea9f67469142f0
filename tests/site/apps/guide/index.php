<?php
printf("%s, by PHP %d on %s\n", getenv("TITLE"), PHP_MAJOR_VERSION, gethostname());
