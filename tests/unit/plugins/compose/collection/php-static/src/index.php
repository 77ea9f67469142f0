<?php echo "Good morning";
