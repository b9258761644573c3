# Reference values for tests/evidence/test_proportions.py: Rscript validation/evidence/counts.R
suppressMessages(library(metafor))
options(digits = 12)
for (n in c(7, 21)) {
  fit <- rma.glmm(measure = "PLO", xi = xi, ni = ni, data = dat.pritz1997, nAGQ = n,
                  control = list(nAGQ = n, glmerCtrl = list(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9))))
  print(c(n, fit$b, fit$se, fit$ci.lb, fit$ci.ub, fit$tau2, fit$fit.stats["ll", "ML"]))
}
fe <- rma.glmm(measure = "PLO", xi = xi, ni = ni, data = dat.pritz1997, method = "FE"); print(c(fe$b, fe$se))
# the same by plain numerical integration
loglik <- function(p) sum(mapply(function(x, n) log(integrate(function(u)
  exp(dbinom(x, n, plogis(p[1] + exp(p[2]) * u), log = TRUE)) * dnorm(u), -9, 9, rel.tol = 1e-12)$value),
  dat.pritz1997$xi, dat.pritz1997$ni))
o <- optim(c(0.7, -0.5), function(p) -loglik(p), method = "BFGS", hessian = TRUE, control = list(reltol = 1e-15))
print(c(o$par[1], exp(o$par[2])^2, -o$value, sqrt(solve(o$hessian)[1, 1])))
dat <- dat.nielweise2007
dat <- dat[dat$ai + dat$ci > 0, ]
el <- rma.glmm(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat, model = "CM.EL")
print(c(el$b, el$se, el$ci.lb, el$ci.ub, el$tau2))
# metafor stops early; the same likelihood by plain numerical integration, to more digits
dens <- function(x, n1, n2, m, t) {
  u <- max(0, m - n2):min(n1, m); w <- lchoose(n1, u) + lchoose(n2, m - u) + u * t
  exp(w[u == x] - max(w) - log(sum(exp(w - max(w)))))
}
ll <- function(p) sum(mapply(function(x, n1, c, n2) log(integrate(Vectorize(function(u)
  dens(x, n1, n2, x + c, p[1] + exp(p[2]) * u) * dnorm(u)), -9, 9, rel.tol = 1e-11, subdivisions = 500)$value),
  dat$ai, dat$n1i, dat$ci, dat$n2i))
o <- optim(c(-1.35, -0.2), function(p) -ll(p), method = "BFGS", hessian = TRUE,
           control = list(reltol = 1e-15, ndeps = c(1e-4, 1e-4)))
print(c(o$par[1], exp(o$par[2])^2, -o$value, sqrt(solve(o$hessian)[1, 1])))
fe <- rma.glmm(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat, model = "CM.EL", method = "FE")
print(c(fe$b, fe$se))
