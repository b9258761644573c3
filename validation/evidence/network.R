# Reference values for tests/evidence/test_network.py: Rscript validation/evidence/network.R
# R with netmeta; the numbers in the tests were made with netmeta 3.3-1 and meta 8.3-0.
suppressMessages({library(meta); library(netmeta)})
options(digits = 15)
data(Senn2013)
fit <- netmeta(TE, seTE, treat1, treat2, studlab, data = Senn2013, sm = "MD", reference.group = "plac")
print(c(fit$tau2, fit$Q, fit$df.Q, fit$I2))
print(rbind(fit$TE.random[, "plac"], fit$seTE.random[, "plac"]))
print(rbind(fit$TE.common[, "plac"], fit$seTE.common[, "plac"]))
print(decomp.design(fit)$Q.decomp)
print(netrank(fit, small.values = "desirable")$ranking.random)
split <- netsplit(fit)
print(split$direct.random); print(split$indirect.random); print(split$compare.random)
print(fit$prop.direct.random)
