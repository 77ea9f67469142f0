FROM scratch
ADD root.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN ["mkdir", "-p", "/data"]
RUN ["chown", "999:999", "/data"]
