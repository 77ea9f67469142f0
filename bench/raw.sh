#!/bin/bash
# Bare hosts to the serving stack by shell and ssh: what bench/ compares site.yml with. It makes the state that site.yml
# makes, from the same packages, with every host worked on at once, and has no check, no plan and no second run.
#
# Usage: raw.sh SSH_CONFIG WHEELS PORT MANAGER WORKER...   (addresses; WHEELS is a folder that keeps downloaded wheels,
# PORT is that of the page)
# Each line "STEP name" on standard output is the beginning of a step; bench/ takes the times.
set -euo pipefail

config=$1 wheels=$2 port=$3
shift 3
hosts=("$@") manager=$1 workers=("${@:2}")
app=$(dirname "$0")/../app
registry=$manager:5000
work=$(mktemp -d)

# One connection to each host is kept open for as long as the job takes.
ssh_to() { ssh -F "$config" -o ControlMaster=auto -o ControlPersist=60 -o "ControlPath=$work/%h" "$@"; }

finish() {
    # A host whose connection has ended already is as good.
    for host in "${hosts[@]}"; do ssh_to -O exit "$host" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

step() { echo "STEP $*"; }

# Run the shell code on standard input on a host, as root.
on() { ssh_to "$1" sudo bash -euo pipefail; }

# Wait for jobs in the background; the first that failed ends the script.
await() { for job in "$@"; do wait "$job"; done; }

install_packages() { # HOST [PACKAGE...]
    on "$1" <<END
mkdir -p /etc/docker
cat >/etc/docker/daemon.json <<JSON
{"live-restore": false, "log-driver": "json-file", "log-opts": {"max-file": "3", "max-size": "10m"}}
JSON
printf '%s\n' br_netfilter ip_vs ip_vs_rr overlay vxlan >/etc/modules-load.d/swarm.conf
systemctl restart systemd-modules-load
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --no-install-recommends \
    docker.io docker-cli iptables python3-docker python3-jsondiff python3-yaml ${*:2} >/dev/null 2>&1 </dev/null
END
}

unpack_base() { # NAME PACKAGES
    on "$manager" <<END
apt-config dump Acquire::http Acquire::https >/run/apt-$1.conf
mmdebstrap --quiet --variant=extract --include=$2 --aptopt=/run/apt-$1.conf \
    --dpkgopt=path-exclude='/usr/share/doc/*' --dpkgopt=path-include='/usr/share/doc/*/copyright' \
    --dpkgopt=path-exclude='/usr/share/info/*' --dpkgopt=path-exclude='/usr/share/locale/*' \
    --dpkgopt=path-exclude='/usr/share/man/*' \
    trixie - /etc/apt/sources.list.d/debian.sources |
    docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        - $registry/$1:1 >/dev/null
END
}

fetch_wheels() {
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
        --implementation=cp --python-version=3.13 \
        --platform={manylinux2014,manylinux_2_17,manylinux_2_28,manylinux_2_34}_x86_64 \
        --dest="$wheels" --requirement="$app/requirements.txt" --requirement="$app/build-requirements.txt"
}

log_in() { # HOST
    on "$1" <<END
mkdir -p /etc/docker/certs.d/$registry
cat >/etc/docker/certs.d/$registry/ca.crt <<PEM
$ca
PEM
docker login --username flotilla --password-stdin $registry <<<'$password' >/dev/null 2>&1
END
}

step packages
fetch_wheels &
fetched=$!
jobs=()
install_packages "$manager" docker-registry apache2-utils python3-cryptography mmdebstrap docker-buildx &
jobs+=($!)
for worker in "${workers[@]}"; do
    install_packages "$worker" &
    jobs+=($!)
done
await "${jobs[@]}"

# They need nothing of what comes before they are pushed.
{
    unpack_base python base-files,base-passwd,bash,ca-certificates,coreutils,dash,netbase,python3,tzdata
    unpack_base redis base-files,base-passwd,coreutils,dash,redis-server,redis-tools
    on "$manager" <<END
docker build --quiet --network none --tag $registry/redis:1 - >/dev/null <<FILE
FROM $registry/redis:1
RUN ["mkdir", "/data"]
RUN ["chown", "999:999", "/data"]
FILE
END
} &
bases=$!

step swarm
token=$(
    on "$manager" <<END
docker swarm init --advertise-addr $manager >/dev/null
docker node update --label-add flotilla.volume.hello_redis-data=true \$(docker info --format '{{.Swarm.NodeID}}') >/dev/null
docker swarm join-token --quiet worker
END
)
jobs=()
for worker in "${workers[@]}"; do
    on "$worker" <<<"docker swarm join --advertise-addr $worker --token $token $manager:2377" >/dev/null &
    jobs+=($!)
done
await "${jobs[@]}"

step registry
on "$manager" <<END
umask 077
mkdir -p /etc/flotilla
cd /etc/flotilla
curve="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 \$curve -days 3650 -subj '/CN=registry CA' -keyout ca.key -out ca.crt 2>/dev/null
openssl req \$curve -subj /CN=$manager -keyout server.key -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out server.crt \
    -extfile <(echo subjectAltName=IP:$manager) 2>/dev/null
openssl rand -hex 16 >registry_password
htpasswd -niBC 5 flotilla <registry_password | grep . >htpasswd
install -g docker-registry -m 640 server.key server.crt htpasswd /etc/docker/registry/
cat >/etc/docker/registry/config.yml <<YAML
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: /var/lib/docker-registry}
  delete: {enabled: true}
http:
  addr: ":5000"
  tls: {certificate: /etc/docker/registry/server.crt, key: /etc/docker/registry/server.key}
auth:
  htpasswd: {realm: flotilla, path: /etc/docker/registry/htpasswd}
YAML
systemctl enable --quiet docker-registry
systemctl restart docker-registry
END
ca=$(on "$manager" <<<"cat /etc/flotilla/ca.crt")
password=$(on "$manager" <<<"cat /etc/flotilla/registry_password")

step logins
jobs=()
for host in "${hosts[@]}"; do
    log_in "$host" &
    jobs+=($!)
done
await "${jobs[@]}"

step "base images"
await "$bases" "$fetched"

step "app's image"
mkdir "$work/context"
cp -r "$app"/. "$work/context/"
cp -r "$wheels" "$work/context/wheels"
tar --create --directory="$work" context | ssh_to "$manager" sudo tar --extract --directory=/run
on "$manager" <<<"docker build --quiet --network none --build-arg BASE=$registry/python:1 --tag $registry/hello:1 /run/context >/dev/null"

step push
on "$manager" <<END
for image in redis python hello; do docker push --quiet $registry/\$image:1 >/dev/null; done
END

step deploy
# A first start may begin without data: see the file.
python "$app/../bench/stack.py" file | sed 's/flotilla.data: kept/flotilla.data: new/' |
    ssh_to "$manager" sudo tee /run/stack.yml >/dev/null
on "$manager" <<END
openssl rand -hex 24 | docker secret create redis_password - >/dev/null
export HELLO_WEB_IMAGE=$registry/hello:1 REDIS_8_IMAGE=$registry/redis:1 REDIS_PASSWORD_SECRET=redis_password
docker stack deploy --detach=true --with-registry-auth --compose-file /run/stack.yml hello >/dev/null
END

step "every replica"
on "$manager" <<'END'
until docker service ls --format '{{.Replicas}}' | awk -F/ '$1 != $2 { fewer = 1 } END { exit fewer || !NR }'; do sleep 1; done
END

step "first page"
on "$manager" <<END
until python3 -c 'import urllib.request; urllib.request.urlopen("http://$manager:$port/", timeout=5)' 2>/dev/null; do
    sleep 1
done
END
