# Fits cases.json by R's mmrm and writes reference.json. Usage:
#   Rscript validation/mmrm/reference.R [library with mmrm]
# By default the optimiser stops at about five digits; Newton steps with the exact second
# derivatives follow here, until no slope is left.
library(jsonlite)
arguments <- commandArgs(trailingOnly = FALSE)
here <- dirname(sub("--file=", "", arguments[grep("--file=", arguments)]))
given <- commandArgs(trailingOnly = TRUE)
if (length(given)) .libPaths(c(given[1], .libPaths()))
library(mmrm)
library(emmeans)

short <- c(
  "unstructured" = "us", "toeplitz" = "toep", "autoregressive" = "ar1",
  "compound-symmetry" = "cs", "ante-dependence" = "ad", "heterogeneous-toeplitz" = "toeph",
  "heterogeneous-autoregressive" = "ar1h", "heterogeneous-compound-symmetry" = "csh",
  "heterogeneous-ante-dependence" = "adh", "spatial-exponential" = "sp_exp"
)
degrees <- c(
  "kenward-roger" = "Kenward-Roger", "satterthwaite" = "Satterthwaite",
  "between-within" = "Between-Within", "residual" = "Residual"
)
covariances <- c(
  "model" = "Asymptotic", "kenward-roger" = "Kenward-Roger",
  "kenward-roger-linear" = "Kenward-Roger-Linear", "empirical" = "Empirical",
  "empirical-bias-reduced" = "Empirical-Bias-Reduced",
  "empirical-jackknife" = "Empirical-Jackknife"
)

trial <- read.csv(file.path(here, "simulated.csv"))
trial$arm <- relevel(factor(trial$arm), "active")
trial$site <- factor(trial$site)
trial$visit <- factor(trial$visit)
trial$participant <- factor(trial$participant)
growth <- read.csv(file.path(here, "growth.csv"))
growth$sex <- factor(growth$sex)
growth$participant <- factor(growth$participant)
growth$occasion <- factor(growth$age)
data <- list(simulated = trial, growth = growth)
visit <- c(simulated = "visit", growth = "occasion")
number <- c(simulated = "week", growth = "age")
tested <- list(simulated = c("arm", "visit"), growth = c("sex", "age"))

polished <- function(par, fn, gr, hessian, ...) {
  found <- nlminb(par, fn, gr, hessian = hessian)
  for (step in 1:8) found$par <- found$par - solve(hessian(found$par), as.numeric(gr(found$par)))
  list(par = found$par, objective = fn(found$par), convergence = 0, message = "polished")
}
attr(polished, "use_hessian") <- TRUE

fit_case <- function(case) {
  d <- data[[case$data]]
  at <- if (case$covariance == "spatial-exponential") number[[case$data]] else visit[[case$data]]
  inside <- if (is.null(case$group)) "participant" else paste(case$group, "/ participant")
  term <- sprintf("%s(%s | %s)", short[[case$covariance]], at, inside)
  weights <- if (is.null(case$weights)) NULL else d[[case$weights]]
  mmrm(
    as.formula(paste(case$formula, "+", term)), d, weights = weights,
    reml = case$method == "reml",
    control = mmrm_control(
      method = degrees[[case$df]], vcov = covariances[[case$reported]],
      optimizers = list(polished = polished)
    )
  )
}

values <- function(case) {
  fit <- fit_case(case)
  one <- coef(summary(fit))
  names_of <- rownames(one)
  parts <- lapply(strsplit(names_of, ":"), function(each) sub("(arm|sex|visit|age).*", "\\1", each))
  picked <- which(vapply(parts, function(each) setequal(each, tested[[case$data]]), TRUE))
  rows <- diag(length(names_of))[picked, , drop = FALSE]
  both <- df_md(fit, rows)
  out <- list(
    log_likelihood = as.numeric(logLik(fit)), gradient = max(abs(fit$tmb_object$gr(fit$theta_est))),
    columns = names_of, estimate = one[, 1], standard_error = one[, 2], df = one[, 3],
    p_value = one[, 5], joint = as.numeric(unlist(both)), covariance = unname(fit$cov)
  )
  if (case$data == "simulated" && case$covariance != "spatial-exponential") {
    for (weighting in c("equal", "proportional")) {
      grid <- emmeans(fit, ~ arm | visit, weights = weighting)
      mean <- summary(grid)
      difference <- summary(pairs(grid, reverse = TRUE))
      out[[weighting]] <- list(
        mean = mean$emmean, standard_error = mean$SE, df = mean$df,
        difference = difference$estimate, difference_error = difference$SE,
        difference_df = difference$df
      )
    }
  }
  out
}

cases <- fromJSON(file.path(here, "cases.json"), simplifyVector = FALSE)
results <- lapply(cases, function(case) c(case, list(r = values(case))))
result <- list(
  made_by = paste("R", getRversion(), "mmrm", packageVersion("mmrm"), "emmeans",
                  packageVersion("emmeans")),
  cases = results
)
text <- toJSON(result, digits = I(15), auto_unbox = TRUE, null = "null", matrix = "rowmajor")
writeLines(gsub("{\"data\"", "\n{\"data\"", text, fixed = TRUE), file.path(here, "reference.json"))
cat(length(results), "cases; steepest slope left:",
    max(vapply(results, function(each) each$r$gradient, 0)), "\n")
