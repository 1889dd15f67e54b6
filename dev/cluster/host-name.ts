// By this name pods reach programs on this machine that are not part of the cluster, such as a Redis: the node agent replaces
// it by 127.0.0.1, which in a pod's environment would mean the pod itself.
export const hostName = 'host.loopback';
