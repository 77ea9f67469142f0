# The base is Python of the site's own making. Programs that the collection's files name are there, and do nothing.
ARG BASE
FROM $BASE
ARG PORTS
COPY stand_in.py /
RUN for name in pg_isready mc wget go grep; do printf '#!/bin/sh\n' > /usr/bin/$name; done; \
    printf '#!/bin/sh\necho tagline\n' > /usr/bin/curl; \
    printf '#!/bin/sh\nexec python3 /stand_in.py %s\n' "$PORTS" > /usr/bin/app; \
    cp /usr/bin/app /cron.sh; \
    chmod +x /usr/bin/* /cron.sh; \
    echo postgres:x:999:999::/:/bin/sh >> /etc/passwd
ENTRYPOINT ["app"]
