"""Training any checkpoint further: all of it, or a small adapter that changes it (LoRA).

``trained_model`` runs a checkpoint's network with gradients, ``lora`` puts an adapter's factors in
and writes them, ``loss`` says what is minimised, ``average`` smooths the weights, ``held_out``
measures bits per event on songs that are not trained on, ``run_state`` keeps a run on disk,
``loop`` is the run itself. ``jobs`` does whole commands: gather sets, train, report.
The extra ``train`` brings what is needed beside torch.
"""
