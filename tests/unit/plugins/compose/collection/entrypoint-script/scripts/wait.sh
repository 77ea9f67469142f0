#!/bin/sh
sleep 5
exec app "$@"
