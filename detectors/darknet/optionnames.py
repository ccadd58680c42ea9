"""Names of options in a .cfg: those that the parsers read, and those that have no effect on detection.

Darknet ignores unknown names. Here a misspelt name is refused: with `activaton=leaky`, a layer would be
computed with the default activation.

Source: the `option_find` calls of src/parser.c, Darknet's and AlexeyAB's fork's.
"""

from __future__ import annotations

import difflib

from detectors.darknet.sections import Section, shown

_ALIKE = 0.75
"""`difflib`'s ratio: one letter of four may differ, or two adjacent letters may be swapped."""

_NET = "width height channels"
_CONVOLUTIONAL = (
    "activation antialiasing batch_normalize binary dilation dontload dontloadscales filters flipped groups "
    "pad padding rotate share_index size stretch stretch_sway stride stride_x stride_y sway xnor"
)
_CONNECTED = "activation batch_normalize dontload dontloadscales output"
_MAXPOOL = "antialiasing maxpool_depth padding size stride stride_x stride_y"
_REORG = "extra flatten reverse stride"
_SOFTMAX = "groups spatial temperature tree"

READ = {
    "conn": _CONNECTED,
    "connected": _CONNECTED,
    "conv": _CONVOLUTIONAL,
    "convolutional": _CONVOLUTIONAL,
    "crop": "crop_height crop_width noadjust",
    "batchnorm": "",
    "detection": "classes coords num side softmax sqrt",
    "gaussian_yolo": "anchors classes mask num scale_x_y yolo_point",
    "local": "activation dontload filters pad size stride",
    "local_avgpool": "padding size stride stride_x stride_y",
    "max": _MAXPOOL,
    "maxpool": _MAXPOOL,
    "net": _NET,
    "network": _NET,
    "region": "anchors background classes coords num softmax tree",
    "reorg": _REORG,
    "reorg3d": _REORG,
    "route": "group_id groups layers",
    "sam": "activation from",
    "scale_channels": "activation from scale_wh",
    "shortcut": "activation alpha beta from weights_type",
    "soft": _SOFTMAX,
    "softmax": _SOFTMAX,
    "upsample": "scale stride",
    "yolo": "anchors classes mask new_coords num scale_x_y",
}
"""Section's name -> the options that its parser reads."""

_TRAINING = (
    "B1 B2 adam adversarial_lr angle aspect attention augment_speed badlabels_rejection_percentage batch "
    "blur burn_in center contrastive contrastive_color contrastive_jit_flip cutmix decay "
    "dynamic_minibatch ema_alpha eps equidistant_point exposure flip gamma gaussian_noise hue inputs "
    "label_smooth_eps learning_rate learning_rate_min letter_box loss_scale max_batches max_chart_loss "
    "max_crop max_ratio min_crop min_ratio mixup momentum mosaic mosaic_bound notruth "
    "num_sigmas_reject_badlabels optimized_memory policy power random resize_step saturation scales "
    "seq_scales sequential_subdivisions sgdr_cycle sgdr_mult show_receptive_field step steps subdivisions "
    "time_steps track try_fix_nan unsupervised use_cuda_graph weights_reject_freq workspace_size_limit_MB"
)
"""Options of [net] that concern training."""

_ANY_LAYER = (
    "burnin_update clip dont_update dontsave numload onlyforward smooth stopbackward train_only_bn truth"
)
"""Options of layers of any kind."""

_SOME_LAYERS = (
    "assisted_excitation atoms bin_output bottleneck cbn coordconv dot dropblock dropblock_size_abs "
    "dropblock_size_rel grad_centr hidden history_size kappa logistic lstm_activation maxpool_zero_nonmax "
    "mean noloss out_channels peephole probability ratio shift shortcut state_constrain std "
    "stream time_normalizer type w h c wait_stream weights_normalization"
)
"""Options of some layers, also unsupported ones, that concern training, initialization and scheduling."""

_HEADS = (
    "absolute beta_nms bias_match class_scale classfix cls_normalizer contrastive_neg_max coord_scale "
    "counters_per_class delta_normalizer dets_for_show dets_for_track embedding_layer focal_loss forced "
    "ignore_thresh iou_loss iou_normalizer iou_thresh iou_thresh_kind jitter log map mask_scale max "
    "max_delta nms_kind noobj noobject_scale obj_normalizer object_scale objectness_smooth reorg rescore "
    "resize show_details sim_thresh thresh track_ciou_norm track_history_size truth_thresh uc_normalizer "
    "yolo_layer"
)
"""Options of heads that concern their loss, or what Darknet's program does with their boxes."""

NO_EFFECT = frozenset(" ".join((_TRAINING, _ANY_LAYER, _SOME_LAYERS, _HEADS)).split())
"""Other options that Darknet knows; they are accepted in every section, as by Darknet."""

_KNOWN = NO_EFFECT.union(*(names.split() for names in READ.values()))


def refuse_misspelt(section: Section) -> None:
    """Refuse unknown options whose names are similar to one that the section's parser reads.

    Raises: ModelError: names the first such option.
    """
    read = READ.get(section.name, "").split()
    for key in section.options:
        if key not in _KNOWN:
            for meant in difflib.get_close_matches(key.lower(), read, 1, _ALIKE):
                raise section.error(f"{shown(key)} is no option; did you mean {meant}?", key)
