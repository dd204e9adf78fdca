"""The bundled digits."""

import pytest
import torch
from sklearn.datasets import load_digits

from vaelib.datasets import digits
from vaelib.likelihoods import Bernoulli, Binomial, ContinuousBernoulli


@pytest.mark.parametrize("form, likelihood", [
    ("counts", Binomial(16)), ("pixels", ContinuousBernoulli()), ("binary", Bernoulli()),
])
def test_each_form_is_data_for_its_likelihood(form, likelihood):
    images, labels = digits(form)
    likelihood.check(images)
    assert images.shape == (1797, 1, 8, 8) and images.dtype == torch.float32
    assert labels.shape == (1797,) and labels.dtype == torch.int64
    assert sorted(set(labels.tolist())) == list(range(10))


def test_the_counts_are_those_that_scikit_learn_carries():
    counts, labels = digits()
    assert counts.min() == 0 and counts.max() == 16
    assert torch.equal(counts.squeeze(1), torch.from_numpy(load_digits().images).float())
    assert labels.tolist() == load_digits().target.tolist()


def test_the_forms_say_the_same_thing():
    counts, pixels, binary = (digits(form)[0] for form in ("counts", "pixels", "binary"))
    torch.testing.assert_close(16 * pixels, counts)
    assert torch.equal(binary == 1, counts >= 8)


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="form was 'grey'; expected one of counts, pixels, binary"):
        digits("grey")
