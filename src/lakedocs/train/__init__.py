"""The training job: labelled examples in, the three kinds of classifier compared, the best one promoted for 07."""
