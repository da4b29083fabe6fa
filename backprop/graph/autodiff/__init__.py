"""From a graph to the joint graph, which computes the results and the cotangents of the inputs.

    differentiate            walks a graph backwards, and adds up the contributions to each cotangent
    pulling, shortcuts       one step of the walk: the vjp rule of a node, or of two nodes that make one smooth function
    mask, masks, mask_flow   which elements of a cotangent are zero because the user's code did not select them
    control_flow, loops      the ops that hold graphs (a choice, a scan), and their derivatives
    body_pullback            the derivative of a graph that such an op holds
    split                    a joint graph as two: the forward graph, and the pullback graph of its residuals
    branches                 equal terms of a sum, of which each kind is differentiated once
    stop_gradient            a value that counts as a constant

The vjp rule of an op stands beside the op; here is what holds for all ops. No optimisation lives here: what is emitted
twice, or multiplied by one, is left to the passes.
"""
