# Reference values for tests/evidence: Rscript validation/evidence/pooling.R
# R with metafor; the numbers in the tests were made with metafor 3.8-1.
suppressMessages(library(metafor))
options(digits = 15)
tight <- list(threshold = 1e-14, maxiter = 1000, tol = 1e-13)
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
show <- function(fit) {
  print(c(b = fit$b, se = fit$se, lb = fit$ci.lb, ub = fit$ci.ub, p = fit$pval, tau2 = fit$tau2,
          I2 = fit$I2, Q = fit$QE, Qp = fit$QEp))
}
for (method in c("REML", "PM", "DL", "FE")) { cat(method, "\n"); show(rma(yi, vi, data = bcg, method = method, control = tight)) }
cat("REML Hartung-Knapp\n")
hk <- rma(yi, vi, data = bcg, method = "REML", test = "knha", control = tight); show(hk)
p <- predict(hk); print(c(p$pi.lb, p$pi.ub))
print(confint(hk, control = list(tol = 1e-12))$random["tau^2", ])
cat("regression on latitude, REML, z and knha\n")
for (test in c("z", "knha")) {
  fit <- rma(yi, vi, mods = ~ ablat, data = bcg, test = test, control = tight)
  print(cbind(fit$b, fit$se, fit$pval)); print(c(fit$tau2, fit$QE, fit$QM, fit$QMp))
}
fit <- rma(yi, vi, data = bcg, control = tight)
cat("influence\n"); inf <- influence(fit); print(cbind(inf$inf$rstudent, inf$inf$dffits, inf$inf$cook.d, inf$inf$cov.r, inf$inf$hat))
cat("leave one out\n"); print(as.data.frame(leave1out(fit)))
cat("cumulative by year\n"); print(as.data.frame(cumul(fit, order = year)))
cat("subgroups\n"); for (g in unique(bcg$alloc)) { cat(g, "\n"); show(rma(yi, vi, data = bcg, subset = alloc == g, control = tight)) }
cat("small studies: bcg, hackshaw\n")
print(regtest(fit, model = "lm")); print(regtest(fit, model = "lm")$zval); print(regtest(fit, model = "lm")$pval)
print(ranktest(fit)[c("tau", "pval")])
printed <- transform(dat.hackshaw1998, yi = round(yi, 4), vi = round(vi, 4)) # as typed in the tests
hack <- rma(yi, vi, data = printed, control = tight)
hackfe <- rma(yi, vi, data = printed, method = "FE")
r <- regtest(hack, model = "lm"); print(c(r$zval, r$pval, r$est)); print(ranktest(hack)[c("tau", "pval")])
for (f in list(fit, hack, hackfe)) { t <- trimfill(f); print(c(t$k0, t$side, t$b, t$se, t$tau2)) }
cat("normand SMD and MD\n")
smd <- escalc(measure = "SMD", n1i = n1i, m1i = m1i, sd1i = sd1i, n2i = n2i, m2i = m2i, sd2i = sd2i, data = dat.normand1999)
print(cbind(unclass(smd$yi), smd$vi))
show(rma(yi, vi, data = smd, control = tight))
md <- escalc(measure = "MD", n1i = n1i, m1i = m1i, sd1i = sd1i, n2i = n2i, m2i = m2i, sd2i = sd2i, data = dat.normand1999)
for (method in c("REML", "PM", "DL")) show(rma(yi, vi, data = md, method = method, control = list(threshold = 1e-10, maxiter = 1000)))
cat("two by two\n")
for (m in c("RR", "OR", "RD")) { e <- escalc(measure = m, ai = c(4, 0), bi = c(119, 10), ci = c(11, 3), di = c(128, 7)); print(cbind(e$yi, e$vi)) }
cat("Hartung-Knapp on studies that agree too well, plain and held at 1\n")
small <- data.frame(yi = c(0.30, 0.31, 0.29, 0.32), vi = c(0.04, 0.05, 0.06, 0.03))
for (test in c("knha", "adhoc")) { f <- rma(yi, vi, data = small, test = test); print(c(f$b, f$se, f$ci.lb, f$ci.ub)) }
# prediction with k - 2 degrees: meta 8.3-0
print(meta::metagen(bcg$yi, sqrt(bcg$vi), method.tau = "REML", method.predict = "HTS", prediction = TRUE,
                    control = list(threshold = 1e-14, maxiter = 1000))[c("lower.predict", "upper.predict")])
print(prop.test(37, 52, correct = FALSE)$conf.int)
