"""What a case is: processes declared once, rules, policy, calendar, money."""
