use crate::error::{A2aError, ErrorKind};

/// How much is read of what others send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body: usize,
    /// Arrays and objects within each other, at most 127.
    pub depth: usize,
}

impl Default for Limits {
    /// 8 MiB and 64 levels.
    fn default() -> Limits {
        Limits { body: 8 << 20, depth: 64 }
    }
}

impl Limits {
    /// Refuses a body that is longer or deeper, before anything of it is built.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`].
    pub fn check(&self, body: &[u8]) -> Result<(), A2aError> {
        self.check_length(body)?;
        if is_deeper(body, self.depth) {
            let message = format!("The JSON is nested more than {} levels deep", self.depth);
            return Err(A2aError::new(ErrorKind::InvalidRequest, message));
        }
        Ok(())
    }

    /// Refuses a body that is longer.
    pub(super) fn check_length(&self, body: &[u8]) -> Result<(), A2aError> {
        if body.len() > self.body {
            let message = format!("The body has {} bytes; at most {} are taken", body.len(), self.body);
            return Err(A2aError::new(ErrorKind::InvalidRequest, message));
        }
        Ok(())
    }
}

fn is_deeper(body: &[u8], most: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in body {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_of_strings_only() {
        let limits = Limits { body: 64, depth: 2 };
        assert!(limits.check(br#"{"a":["[[[\"{{{"]}"#).is_ok());
        assert!(limits.check(br#"{"a":[],"b":[],"c":{}}"#).is_ok());
        assert!(limits.check(br#"{"a":[{}]}"#).is_err());
        assert!(limits.check(&[b' '; 65]).is_err());
    }
}
