# SPDX-License-Identifier: GPL-2.0-or-later
"""What rigctl on the master can have done to the node machines."""

USAGE = """\
rigctl nodes                the nodes' states
rigctl kill N               cut node N's power
rigctl start N              switch it on again
rigctl reset N              press its reset button
rigctl pause N, resume N    stop its CPUs, let them go on
rigctl link N off|on        cut its network (nobody is told), mend it
rigctl console N [LINES]    the last lines of its console
"""


def find(cluster, word):
    if not word.isdigit() or int(word) >= len(cluster.nodes):
        raise ValueError(f"no node {word}")
    return cluster.nodes[int(word)]


def kill(cluster, node):
    cluster._unregister(node)
    node.kill()
    cluster.renew_link(node)


def start(_cluster, node):
    if node.alive():
        raise ValueError(f"{node.name} is on already")
    node.start()


def reset(_cluster, node):
    node.agent.ready = False
    node.agent.inbox.clear()
    node.monitor(("system_reset", {}))


def pause(_cluster, node):
    node.monitor(("stop", {}))


def resume(_cluster, node):
    node.monitor(("cont", {}))


def link(cluster, node, state):
    if state not in ("on", "off"):
        raise ValueError("on or off?")
    number = cluster.nodes.index(node)
    cluster.master.monitor(("set_link", {"name": f"link{number}", "up": state == "on"}))


def console(_cluster, node, lines="30"):
    return "\n".join(node.console.last(int(lines)))


VERBS = {verb.__name__: verb for verb in (kill, start, reset, pause, resume, link, console)}


def serve(cluster, text):
    """(status, text) to a request."""
    words = text.split()
    try:
        if words == ["nodes"]:
            return 0, "\n".join(f"{i} {'on' if node.alive() else 'off'} {node.kernel}"
                                for i, node in enumerate(cluster.nodes))
        if len(words) < 2 or words[0] not in VERBS:
            return 2, USAGE
        node = find(cluster, words[1])
        return 0, VERBS[words[0]](cluster, node, *words[2:]) or ""
    except Exception as error:  # whatever it is, the asker shall know
        return 1, f"rigctl: {error}"
