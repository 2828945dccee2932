# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What `make shell` starts with: the module, and namespaces that all have the same address and port.
#
#     this namespace                     namespace web1, web2, web3
#     to-webN 10.0.0.1  ----- veth -----  eth0 10.0.0.2, a server at TCP port 80

insmod /nsmux/nsmux.ko mode=observe
for name in web1 web2 web3; do
	ip netns add "$name"
	ip link add "to-$name" type veth peer name eth0 netns "$name"
	ip address add 10.0.0.1/24 dev "to-$name"
	ip link set "to-$name" up
	ip -netns "$name" address add 10.0.0.2/24 dev eth0
	ip -netns "$name" link set lo up
	ip -netns "$name" link set eth0 up
	ip netns exec "$name" socat TCP-LISTEN:80,fork,reuseaddr "EXEC:echo this is $name" &
	disown
done

# Asks the server of a namespace: all have one address, so the device says which is meant.
ask() {
	socat - "TCP:10.0.0.2:80,so-bindtodevice=to-$1"
}

PS1='nsmux:\w\$ '
cat <<'TEXT'

nsmux is loaded and observes. Three namespaces, web1, web2 and web3, have one address, 10.0.0.2,
and a server at one port, 80, each. Try:

    ask web1; ask web2; ask web3                       the same name, three answers
    nsmux lookup tcp 10.0.0.2:80                       who has it, in all namespaces, with one request
    nsmux list; nsmux stat; nsmux top                  namespaces, what was counted, and that live
    ip netns exec web2 cat /proc/net/nsmux             what web2's packets found, and how
    ip netns exec web2 sysctl net.nsmux.mode=off       no hook is left in web2
    echo 1 >/sys/kernel/tracing/events/nsmux/enable; ask web3; head -40 /sys/kernel/tracing/trace
    rmmod nsmux

exit, or ctrl-d, turns the guest off.

TEXT
